/** A soak from beginning to end: people, callers and faults by chance, then the reckoning. */
import { type Random, seededRandom } from '../../demo/seeded-random.js';
import type { Closing } from '../../server/closing.js';
import { VENDORS } from '../faults/row.js';
import { act } from './actor.js';
import { MOST_OPEN, taskAsker } from './ask-tasks.js';
import { changeOneMind } from './control-tasks.js';
import { checkAllBooks, checkTokens, drain, passLongWaits } from './drain.js';
import { type Ground, makeGround } from './ground.js';
import { strikeDatabase, strikeGateway, strikeVendor } from './inject-faults.js';
import { liveOn } from './live-devices.js';
import { lookAtAll } from './look.js';
import type { Slope } from './memory.js';
import { endRests } from './operator.js';
import type { Options } from './options.js';
import { pushJudge, readRows, settleEnded } from './settle.js';
import { Violations } from './violations.js';
import { Witness } from './witness.js';

export interface Result {
  readonly seed: number;
  readonly minutes: number;
  /** From the first task to the last verdict. */
  readonly elapsedMinutes: number;
  readonly tasks: number;
  readonly targeted: number;
  readonly received: number;
  readonly delivered: number;
  readonly devices: number;
  readonly gatewaysStarted: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly memory: { readonly gateways: Slope | undefined; readonly mongod: Slope | undefined };
  readonly violations: Violations;
  readonly folder: string;
}

export interface Progress {
  readonly elapsedMs: number;
  readonly phase: string;
  readonly tasks: number;
  readonly open: number;
  readonly received: number;
  readonly faults: number;
  readonly broken: number;
}

export interface SoakParts {
  readonly closing: Closing;
  /** Told now and then how far it is. */
  readonly progress: (progress: Progress) => void;
  /** What does not hold, at once. */
  readonly complain: (line: string) => void;
}

const MINUTE_MS = 60_000;

const totals = ({ simulators }: Ground) =>
  VENDORS.map((vendor) => simulators[vendor].counts()).reduce(
    (sum, { received, delivered }) => ({
      received: sum.received + received,
      delivered: sum.delivered + delivered,
    }),
    { received: 0, delivered: 0 },
  );

const sum = (counts: Iterable<number>): number =>
  [...counts].reduce((one, other) => one + other, 0);

const progressOf = (ground: Ground, phase: string, startedAt: number): Progress => ({
  elapsedMs: performance.now() - startedAt,
  phase,
  tasks: ground.book.accepted,
  open: ground.book.openEntries.length,
  received: totals(ground).received,
  faults: sum(ground.faults.values()),
  broken: ground.violations.count,
});

/** Each has chances of its own, so that what one of them meets does not change what another draws. */
const chances = (seed: number) => (place: number) =>
  seededRandom((seed + Math.imul(place, 0x9e37_79b9)) >>> 0);

const lookAtMemory = async ({ crew, mongod, memory }: Ground): Promise<void> => {
  const pids = crew.members.flatMap(({ gateway }) => gateway.pid ?? []);
  await memory.gateways.look(pids);
  await memory.mongod.look([mongod.node.pid ?? []].flat());
};

type Deed = (ground: Ground, random: Random) => Promise<void>;

/** On a slow machine the gateways would do nothing but recover: they may catch up first. */
const unlessBehind = (ground: Ground, deed: Deed) => async (random: Random) => {
  if (ground.book.openEntries.length < MOST_OPEN) await deed(ground, random);
};

/** Looks at what is under way, and settles what has ended. */
const watch = async (ground: Ground, witness: Witness): Promise<void> => {
  await lookAtAll(ground);
  await readRows(ground);
  settleEnded(ground, witness);
};

/** Whatever goes on until the time is over. */
const live = async (
  ground: Ground,
  { seed, minutes }: Options,
  witness: Witness,
  tell: () => void,
): Promise<void> => {
  const chance = chances(seed);
  const startedAt = performance.now();
  let hasFailed = false;
  const isOver = (): boolean =>
    hasFailed || ground.signal.aborted || performance.now() - startedAt > minutes * MINUTE_MS;
  let actors = 0;
  const now = (leastMs: number, mostMs: number, deed: (random: Random) => void | Promise<void>) => {
    actors += 1;
    return act(chance(actors), { leastMs, mostMs }, isOver, deed).catch((error: unknown) => {
      hasFailed = true;
      if (ground.signal.aborted) return;
      const seen = error instanceof Error ? (error.stack ?? error.message) : String(error);
      ground.violations.add({ promise: 'the soak goes on', expected: 'no error', seen });
    });
  };
  const asker = taskAsker(ground);
  await Promise.all([
    now(150, 750, (random) => asker.ask(random)),
    now(200, 1_200, (random) => changeOneMind(ground, random)),
    now(200, 800, (random) => liveOn(ground, random)),
    now(2_000, 8_000, unlessBehind(ground, strikeGateway)),
    now(4_000, 14_000, unlessBehind(ground, strikeDatabase)),
    now(300, 2_500, (random) => strikeVendor(ground, random)),
    now(4_000, 9_000, () => endRests(ground)),
    now(1_500, 3_000, () => passLongWaits(ground)),
    now(200, 200, () => witness.take()),
    now(500, 500, () => watch(ground, witness)),
    now(1_000, 1_000, tell),
    now(5_000, 5_000, () => lookAtMemory(ground)),
  ]);
  await asker.done();
};

/** Nothing is under way any more, in no process: whatever arrives now would be the last. */
const reckon = async (ground: Ground, witness: Witness): Promise<void> => {
  const { crew, book, violations } = ground;
  await checkAllBooks(ground);
  await Promise.all(crew.members.map((member) => crew.dismiss(member)));
  settleEnded(ground, witness, { all: true });
  await checkTokens(ground);
  for (const { name } of book.unsureEntries) {
    if (witness.tokensOf(name).length === 0) continue;
    const seen = 'pushes of a task that nobody has written';
    violations.add({ promise: 'one task for one request', task: name, expected: 'none', seen });
  }
};

/** Rejects only when it is stopped from outside, or cannot begin. */
export const soak = async (options: Options, parts: SoakParts): Promise<Result> => {
  const { closing, progress, complain } = parts;
  const violations = new Violations(complain);
  const ground = await makeGround(closing, violations);
  const startedAt = performance.now();
  const tell = (phase: string) => () => progress(progressOf(ground, phase, startedAt));
  const { simulators, fleet, crew, book, faults, memory, folder } = ground;
  const witness = new Witness(simulators, pushJudge(ground, fleet));
  await live(ground, options, witness, tell('faults'));
  ground.signal.throwIfAborted();
  const telling = setInterval(tell('draining'), 1_000);
  const taking = setInterval(() => witness.take(), 200);
  try {
    await drain(ground);
    await reckon(ground, witness);
  } finally {
    clearInterval(telling);
    clearInterval(taking);
  }
  return {
    ...options,
    ...totals(ground),
    elapsedMinutes: (performance.now() - startedAt) / MINUTE_MS,
    tasks: book.accepted,
    targeted: book.targeted,
    devices: fleet.devices.length,
    gatewaysStarted: crew.started,
    faults,
    memory: { gateways: memory.gateways.slope(), mongod: memory.mongod.slope() },
    violations,
    folder,
  };
};
