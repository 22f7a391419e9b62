/** Brings a gateway to the place where the fault of a row strikes. */
import type { FaultPoint } from '../../jobs/fault-point.js';
import { until } from '../support/until.js';
import { receivedInAll } from './fleet.js';
import { type Row, VENDORS } from './row.js';
import type { Stage } from './stage.js';
import type { Send } from './strike.js';

/** FCM takes a hundred requests of a connection at a time, and others more. */
const SURELY_ON_THEIR_WAY = 80;
const REACH_WITHIN_MS = 120_000;

export const pointOf = ({ at, nth }: Row): { point: FaultPoint; nth?: number } => ({
  point: at as FaultPoint,
  ...(nth == null ? {} : { nth }),
});

/** Of a place `vendor:<n>`: how many pushes the vendors answer. */
export const answeredOf = ({ at }: Row): number | undefined => {
  const [, count] = /^vendor:(\d+)$/.exec(at ?? '') ?? [];
  return count == null ? undefined : Number(count);
};

/** Once the gateway that hung has gone. */
export const letVendorsAnswer = async ({
  simulators,
}: Pick<Stage, 'simulators'>): Promise<void> => {
  for (const vendor of VENDORS) {
    await fetch(`${simulators[vendor].adminUrl}/faults`, { method: 'DELETE' });
  }
};

/** The vendors answer so many pushes each; others arrive, but their answers never come. */
const hangAfter = async (answered: number, stage: Stage, send: Send): Promise<void> => {
  const { simulators, fleet } = stage;
  for (const vendor of VENDORS) {
    simulators[vendor].fault({ kind: 'silent', after: answered, delivered: true });
  }
  const sent = send();
  const eligible = fleet.filter(({ consents }) => consents).length;
  const enough = Math.min(eligible, answered + SURELY_ON_THEIR_WAY);
  await until('the vendors have got pushes', () => receivedInAll(simulators) >= enough, {
    withinMs: REACH_WITHIN_MS,
    everyMs: 5,
  });
  await sent;
};

/** Resolves when the place is reached: the gateway is held there, or waits for answers that never come. */
export const reach = async (row: Row, stage: Stage, send: Send): Promise<void> => {
  const answered = answeredOf(row);
  if (answered != null) return hangAfter(answered, stage, send);
  const { reached } = await stage.first.arm({ ...pointOf(row), deed: 'hold' });
  void send();
  await reached;
};
