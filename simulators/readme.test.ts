/** Holds the README's tables against the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FAULT_KINDS } from './faults.js';
import { type FcmSimulator, startFcmSimulator } from './index.js';
import { ANSWER_ROWS } from './tokens.js';

const README = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');

/** The rows of a section's first table. */
const rowsUnder = (heading: string): string[] => {
  const section = README.split(`\n${heading}\n`)[1]?.split('\n#')[0] ?? '';
  return section.split('\n').filter((line) => line.startsWith('| `'));
};

describe('the README of the simulators', () => {
  for (const [heading, vendor] of [
    ['### FCM', 'fcm'],
    ['### APNs', 'apns'],
    ['### Harmony', 'harmony'],
  ] as const) {
    it(`lists every answer of ${vendor}, and no other`, () => {
      expect(rowsUnder(heading)).to.deep.equal(
        ANSWER_ROWS[vendor].map(
          ({ prefix, answer, meaning }) => `| \`${prefix}\` | \`${answer}\` | ${meaning} |`,
        ),
      );
    });
  }

  it('lists every fault, and no other', () => {
    const kinds = rowsUnder('## Faults').map((row) => row.split('`')[1]);
    expect(kinds).to.have.members([...FAULT_KINDS]);
  });

  it('lists every route of the side door, and no other', async () => {
    const fcm: FcmSimulator = await startFcmSimulator();
    const { routes } = (await (await fetch(fcm.adminUrl)).json()) as { routes: string[] };
    await fcm.close();
    const listed = rowsUnder('## Over HTTP').flatMap((row) =>
      [...row.matchAll(/`((?:GET|POST|DELETE) [^`?]+)/g)].map(([, route]) => route),
    );
    expect(listed).to.have.members(routes.filter((route) => route !== 'GET /'));
  });
});
