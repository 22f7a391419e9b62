/** A gateway process is killed, told to stop, or stopped for longer than its leases live. */
import { expect } from 'chai';
import type { ArmedGateway } from './gateways.js';
import { answeredOf, letVendorsAnswer, pointOf, reach } from './place.js';
import type { ProcessFault, Row } from './row.js';
import type { Stage } from './stage.js';
import type { Send, Struck } from './strike.js';

const EXITS = {
  SIGKILL: { code: null, signal: 'SIGKILL' },
  SIGTERM: { code: 0, signal: null },
} as const;

const expectExit = async (
  { exited }: ArmedGateway,
  by: Exclude<ProcessFault, 'SIGSTOP'>,
): Promise<void> => {
  expect(await exited).to.deep.equal(EXITS[by]);
};

/** It finds that others have gone on without it; its end proves that it is through with everything. */
const wakeUp = async (gateway: ArmedGateway): Promise<void> => {
  gateway.signal('SIGCONT');
  gateway.signal('SIGTERM');
  await expectExit(gateway, 'SIGTERM');
};

/** Where the row says so, the one that took over dies at what it took over. */
const afterHeir = async (
  heir: ArmedGateway,
  { then: point }: Row,
  stage: Stage,
): Promise<ArmedGateway> => {
  if (point == null) return heir;
  await heir.arm({ point, deed: 'SIGKILL' });
  await expectExit(heir, 'SIGKILL');
  return stage.startGateway();
};

/** The other one lives, and has seen the leases, when the first one is struck. */
const strikeBesideHeir = async (
  fault: ProcessFault,
  row: Row,
  stage: Stage,
  send: Send,
): Promise<Struck> => {
  const { first } = stage;
  await reach(row, stage, send);
  const heir = await stage.startGateway();
  first.signal(fault);
  first.release();
  if (fault === 'SIGSTOP') return { heir, afterwards: () => wakeUp(first) };
  await expectExit(first, fault);
  if (answeredOf(row) != null) await letVendorsAnswer(stage);
  return { heir: await afterHeir(heir, row, stage) };
};

export const strikeProcess = async (
  fault: ProcessFault,
  row: Row,
  stage: Stage,
  send: Send,
): Promise<Struck> => {
  const { first } = stage;
  if (fault === 'SIGSTOP' || row.heir === 'survivor') {
    return strikeBesideHeir(fault, row, stage, send);
  }
  if (answeredOf(row) == null) {
    await first.arm({ ...pointOf(row), deed: fault });
    void send();
  } else {
    await reach(row, stage, send);
    first.signal(fault);
  }
  await expectExit(first, fault);
  if (answeredOf(row) != null) await letVendorsAnswer(stage);
  return { heir: await afterHeir(await stage.startGateway(), row, stage) };
};
