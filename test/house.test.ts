import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ESLint } from 'eslint';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LINT_TIMEOUT_MS = 300_000;

/** What git ignores; read from its own file, so that the two cannot disagree. */
const IGNORED = new Set([
  '.git',
  ...readFileSync(join(ROOT, '.gitignore'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/\/$/, '')),
]);
const isIgnored = (path: string, name: string): boolean =>
  IGNORED.has(name) || IGNORED.has(path) || /\.(log|tsbuildinfo)$/.test(name);

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (isIgnored(path, entry.name)) return [];
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() ? [path] : [];
  });

const topFolders = (): string[] =>
  readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .filter((name) => !isIgnored(name, name));

describe('the house', () => {
  it('has a README in each top-level folder', () => {
    const folders = topFolders();
    expect(folders).to.include.members(['server', 'jobs', 'adapters', 'transport', 'models']);
    for (const folder of folders) {
      const readme = readFileSync(join(ROOT, folder, 'README.md'), 'utf8');
      expect(readme, folder).to.match(new RegExp(`^# .*${folder}`, 'i'));
      expect(readme.trim().split('\n').length, folder).to.be.above(4);
    }
  });

  it('names its two commands in the first lines of the README', () => {
    const head = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').slice(0, 15).join('\n');
    expect(head).to.include('npm ci && npm run demo').and.include('npm ci && npm test');
  });

  it('has no link in a document that leads nowhere', () => {
    for (const file of filesIn('.').filter((path) => path.endsWith('.md'))) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
        const path = join(ROOT, file, '..', target);
        expect(() => statSync(path), `${file} links to ${target}`).not.to.throw();
      }
    }
  });

  it('names every script of package.json only with files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const name of ['demo', 'simulators', 'check-books', 'bench']) {
      const file = scripts[name]?.split(' ').at(-1) ?? '';
      expect(() => statSync(join(ROOT, file)), name).not.to.throw();
    }
  });

  it('shows nobody where its authors keep their files', () => {
    // Not preceded by what makes it a part of a URL or of a longer path.
    const homes = /(?<![\w.:/~$}-])\/(home|Users|root|work)\/[\w.-]/;
    const guilty = filesIn('.').filter((path) => {
      const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
      return path !== join('test', 'house.test.ts') && lines.some((line) => homes.test(line));
    });
    expect(guilty).to.deep.equal([]);
    expect('see /home/somebody/x').to.match(homes);
    expect('https://example.com/home/x').not.to.match(homes);
  });
});

describe('lint', function () {
  this.timeout(LINT_TIMEOUT_MS);
  let eslint: ESLint;
  before(() => {
    eslint = new ESLint({ cwd: ROOT });
  });

  /** Rules that fire on `code` as if it stood in `file`, which must exist for its types to be known. */
  const rulesOn = async (file: string, code: string): Promise<string[]> => {
    const [result] = await eslint.lintText(code, { filePath: join(ROOT, file) });
    return result!.messages.map(({ ruleId, message }) => ruleId ?? message);
  };

  const importOf = (path: string): string => `import '${path}';\n`;
  const IMPORT_RULE = 'no-restricted-imports';

  const forbidden: [string, string][] = [
    ['transport/transport.ts', '../adapters/adapter.js'],
    ['transport/transport.ts', 'express'],
    ['adapters/adapter.ts', '../jobs/engine.js'],
    ['adapters/adapter.ts', '../models/task.js'],
    ['adapters/adapter.ts', 'mongoose'],
    ['adapters/sandbox/index.ts', '../../models/task.js'],
    ['adapters/sandbox/index.ts', 'agenda'],
    ['models/task.ts', '../jobs/engine.js'],
    ['jobs/engine.ts', '../server/app.js'],
    ['jobs/engine.ts', '../transport/transport.js'],
    ['server/app.ts', '../simulators/index.js'],
    ['simulators/tokens.ts', '../adapters/adapter.js'],
  ];
  for (const [file, target] of forbidden) {
    it(`refuses ${target} in ${file}`, async () => {
      expect(await rulesOn(file, importOf(target))).to.deep.equal([IMPORT_RULE]);
    });
  }

  const allowed: [string, string][] = [
    ['server/app.ts', '../jobs/engine.js'],
    ['server/app.ts', '../models/task.js'],
    ['jobs/engine.ts', '../adapters/adapter.js'],
    ['adapters/sandbox/index.ts', '../../transport/transport.js'],
    ['demo/make-devices.ts', '../simulators/tokens.js'],
  ];
  for (const [file, target] of allowed) {
    it(`allows ${target} in ${file}`, async () => {
      expect(await rulesOn(file, importOf(target))).to.deep.equal([]);
    });
  }

  it('refuses a promise that nobody waits for', async () => {
    const code = 'const work = async (): Promise<void> => {};\nwork();\n';
    expect(await rulesOn('jobs/engine.ts', code)).to.deep.equal([
      '@typescript-eslint/no-floating-promises',
    ]);
  });

  it('refuses the environment outside server/config.ts, and the console', async () => {
    const code = 'console.log(process.env.HOME);\n';
    expect(await rulesOn('server/app.ts', code)).to.have.members([
      'no-console',
      'no-restricted-properties',
    ]);
    expect(
      await rulesOn('server/config.ts', 'export const home = process.env.HOME;\n'),
    ).to.deep.equal([]);
  });

  it('refuses a disable comment that is of no use', async () => {
    const code = '// eslint-disable-next-line no-console\nexport const one = 1;\n';
    expect((await rulesOn('server/app.ts', code)).join()).to.match(/unused eslint-disable/i);
  });
});
