/** `npm run bench:plots`: draws the newest result of each part, or those that are named, into docs/plots/. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type KeptResult, RESULTS } from '../result.js';
import { drawPlots } from './plots.js';

const PLOTS = fileURLToPath(new URL('../../docs/plots', import.meta.url));

const read = async (path: string): Promise<KeptResult> =>
  JSON.parse(await readFile(path, 'utf8')) as KeptResult;

/** Newest first; results of all parts, in one folder. */
const readAll = async (): Promise<KeptResult[]> => {
  const names = await readdir(RESULTS).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json'));
  const results = await Promise.all(files.map((name) => read(join(RESULTS, name))));
  // Older ones do not say what disturbed them.
  return results
    .filter(({ disturbance }: Partial<KeptResult>) => disturbance != null)
    .toSorted((one, other) => other.machine.date.localeCompare(one.machine.date));
};

const named = process.argv.slice(2);
const plots = drawPlots(named.length > 0 ? await Promise.all(named.map(read)) : await readAll());
if (plots.length === 0) {
  console.error('There are no results to draw: npm run bench makes some');
  process.exitCode = 1;
} else {
  await mkdir(PLOTS, { recursive: true });
}
for (const { file, svg } of plots) {
  await writeFile(join(PLOTS, file), svg);
  console.log(`docs/plots/${file}`);
}
