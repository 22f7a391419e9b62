import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { createKept, type Kept } from './kept.js';

const KEPT_MS = 1_000;

interface Thing {
  readonly revision: number;
}

describe('what is kept', () => {
  let nowMs = 0;
  let stored: Thing | null;
  let reads: number;
  /** Reads wait until they are let go. */
  let waiting: (() => void)[] | undefined;
  let kept: Kept<Thing>;
  let broken: Error | undefined;

  beforeEach(() => {
    stored = { revision: 1 };
    reads = 0;
    waiting = undefined;
    broken = undefined;
    const read = async (): Promise<Thing | null> => {
      reads += 1;
      const found = stored;
      if (waiting != null) await new Promise<void>((resolve) => waiting?.push(resolve));
      if (broken != null) throw broken;
      return found;
    };
    kept = createKept(read, { keptMs: KEPT_MS, monotonic: () => nowMs });
  });
  const letGo = (): void => {
    for (const resolve of waiting?.splice(0) ?? []) resolve();
  };

  it('is read once for all who ask at the same time', async () => {
    const found = await Promise.all([kept.get('a'), kept.get('a'), kept.get('a')]);
    expect(found).to.deep.equal([stored, stored, stored]);
    expect(reads).to.equal(1);
    await kept.get('b');
    expect(reads).to.equal(2);
  });

  it('is read again in time, and nobody waits for it', async () => {
    await kept.get('a');
    nowMs += KEPT_MS / 2 - 1;
    await kept.get('a');
    expect(reads).to.equal(1);
    stored = { revision: 2 };
    nowMs += 1;
    waiting = [];
    expect(await kept.get('a')).to.deep.equal({ revision: 1 });
    expect(await kept.get('a')).to.deep.equal({ revision: 1 });
    expect(reads).to.equal(2);
    letGo();
    await nextTurn();
    expect(await kept.get('a')).to.deep.equal({ revision: 2 });
  });

  it('is never older than it may be, counted from when its read began', async () => {
    waiting = [];
    const first = kept.get('a');
    nowMs += KEPT_MS - 1;
    stored = { revision: 2 };
    letGo();
    expect(await first).to.deep.equal({ revision: 1 });
    nowMs += 1;
    waiting = undefined;
    expect(await kept.get('a')).to.deep.equal({ revision: 2 });
  });

  it('is forgotten together with what is being read', async () => {
    waiting = [];
    const before = kept.get('a');
    stored = { revision: 2 };
    kept.forget('a');
    const after = kept.get('a');
    letGo();
    expect([await before, await after]).to.deep.equal([{ revision: 1 }, { revision: 2 }]);
    expect(await kept.get('a')).to.deep.equal({ revision: 2 });
    expect(reads).to.equal(2);
  });

  it('does not remember what does not exist, or no longer does', async () => {
    await kept.get('a');
    stored = null;
    nowMs += KEPT_MS / 2;
    await kept.get('a');
    await nextTurn();
    expect(await kept.get('a')).to.equal(null);
    stored = { revision: 3 };
    expect(await kept.get('a')).to.deep.equal({ revision: 3 });
  });

  it('outlives a read ahead that fails, and then tells', async () => {
    await kept.get('a');
    broken = new Error('the database is away');
    nowMs += KEPT_MS / 2;
    expect(await kept.get('a')).to.deep.equal({ revision: 1 });
    await nextTurn();
    nowMs += KEPT_MS / 2;
    expect(await kept.get('a').catch((error: unknown) => error)).to.equal(broken);
    broken = undefined;
    expect(await kept.get('a')).to.deep.equal({ revision: 1 });
  });
});
