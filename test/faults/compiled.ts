/** The gateway of the faults as JavaScript: hundreds are started, and reading TypeScript costs each as much again. */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..');
/** Where the build goes as well: not kept, and within reach of `node_modules`. */
const DIST = join(ROOT, 'dist');
const PREFIX = 'armed-';
const ENTRY = 'test/faults/armed-gateway';
const FOLDERS = ['adapters', 'jobs', 'models', 'server', 'transport'];

const sourcesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name));

const compile = (text: string): string =>
  ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
    },
  }).outputText;

const discard = (name: string): void => rmSync(join(DIST, name), { recursive: true, force: true });

const write = (place: string, sources: ReadonlyMap<string, string>): void => {
  const unfinished = mkdtempSync(join(DIST, 'unfinished-'));
  for (const [name, text] of sources) {
    const path = join(unfinished, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, compile(text));
  }
  // Whole or not at all.
  renameSync(unfinished, place);
};

const build = (): string => {
  const names = [`${ENTRY}.ts`, ...FOLDERS.flatMap(sourcesOf).sort()];
  const sources = new Map(names.map((name) => [name, readFileSync(join(ROOT, name), 'utf8')]));
  const hash = createHash('sha256')
    .update(JSON.stringify([ts.version, ...sources]))
    .digest('hex');
  const own = `${PREFIX}${hash.slice(0, 16)}`;
  mkdirSync(DIST, { recursive: true });
  const there = readdirSync(DIST).filter((name) => name.startsWith(PREFIX));
  if (!there.includes(own)) {
    there.forEach(discard);
    write(join(DIST, own), sources);
  }
  return join(DIST, own, `${ENTRY}.js`);
};

let built: string | undefined;

/** The path of `armed-gateway.js`. */
export const compiledGateway = (): string => (built ??= build());
