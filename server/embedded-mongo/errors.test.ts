import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EMBEDDED_MONGO_ERROR_CODES } from './errors.js';

describe('EMBEDDED_MONGO_ERROR_CODES', () => {
  it('are all in docs/configuration.md with what to do, and none that does not exist', () => {
    const path = new URL('../../docs/configuration.md', import.meta.url);
    const table = readFileSync(path, 'utf8').split('| Code | What to do |')[1] ?? '';
    const documented = [...table.matchAll(/^\| `([A-Z_]+)` \| \S.+ \|$/gm)].map(([, code]) => code);
    expect(documented).to.have.members(EMBEDDED_MONGO_ERROR_CODES);
  });
});
