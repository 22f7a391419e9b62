import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { PROBLEMS, problem, problemDocument } from './problems.js';

const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
const sections = new Map(
  [...page.matchAll(/^### (\w+)\n(\d{3})\. /gm)].map(([, code, status]) => [code, Number(status)]),
);

describe('the table of problems', () => {
  it('is documented code by code, and nothing else is documented', () => {
    expect([...sections.keys()].sort()).to.deep.equal(Object.keys(PROBLEMS).sort());
  });

  for (const [code, { status, title }] of Object.entries(PROBLEMS)) {
    it(`has the documented status and a proper title for ${code}`, () => {
      expect(sections.get(code)).to.equal(status);
      expect(title).to.match(/^[A-Z].*[^.]$/);
    });
  }
});

describe('a problem document', () => {
  it('cannot have its own members replaced by further ones', () => {
    const error = problem('TASK_STATE_CONFLICT', { members: { state: 'done', status: 200 } });
    expect(problemDocument(error, 'an-id')).to.deep.equal({
      type: 'urn:pigeonpost:problem:task-state-conflict',
      title: 'The state of the task does not allow this',
      status: 409,
      code: 'TASK_STATE_CONFLICT',
      state: 'done',
      requestId: 'an-id',
    });
  });
});
