/** Fault points: each is called in the code and struck in the table, and nobody but the table's gateway can arm them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FAULT_POINTS, faultPoint } from '../../jobs/fault-point.js';
import { TABLE } from './table.js';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY = join('test', 'faults', 'armed-gateway.ts');
const FOLDERS = ['adapters', 'bench', 'demo', 'jobs', 'models', 'server', 'test', 'transport'];

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => join(folder, path)),
);
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
/** The table, and what happens in the middle of a verb. */
const struck = [
  ...TABLE.flatMap(({ at, then }) => [at, then]),
  ...(textOf(join('test', 'faults', 'strike-by-caller.ts')).match(/(?<=point: ')[^']+/g) ?? []),
];
const product = sources.filter((path) => !path.startsWith('test')).map(textOf);

describe('fault points', () => {
  for (const point of FAULT_POINTS) {
    it(`calls ${point} in the code and strikes there in the table`, () => {
      expect(product.some((text) => text.includes(`faultPoint('${point}')`))).to.equal(true);
      expect(struck).to.include(point);
    });
  }

  it('does nothing unless it is armed', () => {
    for (const point of FAULT_POINTS) expect(faultPoint(point)).to.equal(undefined);
  });

  it('is armed by the gateway of the table and by nobody else', () => {
    const arming = sources.filter((path) => textOf(path).includes('armFaultPoints'));
    expect(arming).to.have.members([ENTRY, join('jobs', 'fault-point.ts')]);
  });
});
