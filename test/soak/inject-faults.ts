/** What goes wrong in a soak: gateways, the database, vendors. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../demo/seeded-random.js';
import type { Fault } from '../../simulators/index.js';
import { VENDORS, type VendorName } from '../faults/row.js';
import { COMMAND_FAILURES } from '../faults/strike-database.js';
import { type Member, ROLES } from './crew.js';
import { countFault, type Ground } from './ground.js';
import { storeSettings } from './operator.js';
import { drawRate } from './task-plan.js';

const oneOf = <T>(random: Random, items: readonly T[]): T =>
  random.pick(items.map((item) => [item, 1] as const));

const MOST_MEMBERS = 4;
/** Some longer than a lease lives, some shorter. */
const LONGEST_STOP_MS = 11_000;
const LONGEST_GAP_MS = 2_000;

const strikeMember = async (ground: Ground, random: Random, member: Member): Promise<void> => {
  const { crew } = ground;
  if (random.chance(0.6)) {
    countFault(ground, 'gateway SIGKILL');
    await crew.kill(member);
  } else {
    countFault(ground, 'gateway SIGTERM');
    await crew.dismiss(member);
  }
  await pause(random.between(0, LONGEST_GAP_MS));
  await crew.add(oneOf(random, ROLES));
};

const stopMember = async (ground: Ground, random: Random, member: Member): Promise<void> => {
  const { crew, disturbances } = ground;
  countFault(ground, 'gateway SIGSTOP');
  const goOn = disturbances.begin();
  crew.stop(member);
  await pause(random.between(300, LONGEST_STOP_MS));
  crew.resume(member);
  goOn();
};

export const strikeGateway = async (ground: Ground, random: Random): Promise<void> => {
  const { crew } = ground;
  const deed = random.pick([
    ['strike', 55],
    ['stop', 28],
    ['add', 17],
  ] as const);
  const member = oneOf(random, crew.members);
  if (deed === 'add' && crew.members.length < MOST_MEMBERS) {
    countFault(ground, 'gateway added');
    await crew.add(oneOf(random, ROLES));
    return;
  }
  if (deed === 'strike' && !member.isElder) await strikeMember(ground, random, member);
  else await stopMember(ground, random, member);
};

const killMongod = async (ground: Ground, random: Random): Promise<void> => {
  const { mongod, disturbances, signal } = ground;
  countFault(ground, 'mongod SIGKILL');
  const goOn = disturbances.begin();
  await mongod.kill();
  await pause(random.between(0, 4_000));
  if (signal.aborted) return;
  await mongod.start();
  goOn();
};

const stopMongod = async ({ mongod, disturbances, ...rest }: Ground, random: Random) => {
  countFault({ mongod, disturbances, ...rest }, 'mongod SIGSTOP');
  const goOn = disturbances.begin();
  mongod.node.signal('SIGSTOP');
  await pause(random.between(300, 6_000));
  mongod.node.signal('SIGCONT');
  goOn();
};

const FAILURES = Object.keys(COMMAND_FAILURES) as (keyof typeof COMMAND_FAILURES)[];
const MOST_COMMANDS = 15;

const failCommands = async (ground: Ground, random: Random): Promise<void> => {
  const { mongod, database } = ground;
  const kind = oneOf(random, FAILURES);
  const times = random.between(1, MOST_COMMANDS);
  countFault(ground, `mongod: ${kind}`);
  await mongod.fail(database, { ...COMMAND_FAILURES[kind], times });
};

export const strikeDatabase = async (ground: Ground, random: Random): Promise<void> => {
  const deed = random.pick([
    ['commands', 50],
    ['answers', 20],
    ['kill', 14],
    ['stop', 16],
  ] as const);
  switch (deed) {
    case 'commands':
      return failCommands(ground, random);
    case 'answers':
      countFault(ground, 'mongod: commit answer lost');
      return ground.proxy.loseCommitAnswers(random.between(1, 3));
    case 'kill':
      return killMongod(ground, random);
    case 'stop':
      return stopMongod(ground, random);
  }
};

const MOST_PUSHES = 25;

/** Answers that refuse the account, and those that say that it has had enough. */
const REFUSALS = {
  fcm: 'THIRD_PARTY_AUTH_ERROR',
  apns: 'InvalidProviderToken',
  harmony: '80300002',
} as const;
const QUOTAS = {
  fcm: 'QUOTA_EXCEEDED',
  apns: 'TooManyRequests',
  harmony: '80300029',
} as const;

const drawVendorFault = (random: Random, vendor: VendorName): Fault & { name: string } => {
  const count = random.between(1, MOST_PUSHES);
  const few = random.between(1, 2);
  const delivered = random.chance(0.5);
  const after = random.between(0, MOST_PUSHES);
  const retryAfter = random.chance(0.5) ? { retryAfterSeconds: random.between(1, 3) } : {};
  const named = (name: string, fault: Fault) => ({ ...fault, name });
  return random.pick([
    [named('goaway', { kind: 'goaway', after, count: few }), 10],
    [named('refused stream', { kind: 'refused-stream', count }), 10],
    [named('stream reset', { kind: 'stream-reset', count, delivered }), 10],
    [named('cut', { kind: 'cut', after, count: few, delivered }), 10],
    [named('no new connections', { kind: 'stop-accepting', count: few }), 6],
    [named('429', { kind: 'too-many-requests', count, ...retryAfter }), 10],
    [named('503', { kind: 'unavailable', count, delivered, ...retryAfter }), 12],
    [named('HTML 502', { kind: 'html-502', count }), 8],
    [named('slow', { kind: 'slow', count, delayMs: random.between(200, 4_000) }), 12],
    [named('silent', { kind: 'silent', count: few, delivered }), 3],
    [named('quota answer', { kind: 'answer', count, answer: QUOTAS[vendor] }), 5],
    [named('account refused', { kind: 'answer', count: few, answer: REFUSALS[vendor] }), 4],
  ]);
};

const LONGEST_QUOTA_MS = 4_000;

const limitRate = async (ground: Ground, random: Random, vendor: VendorName): Promise<void> => {
  countFault(ground, 'vendors: low quota');
  await storeSettings(ground, vendor, drawRate(random));
  await pause(random.between(500, LONGEST_QUOTA_MS));
  await storeSettings(ground, vendor, null);
};

export const strikeVendor = async (ground: Ground, random: Random): Promise<void> => {
  const vendor = oneOf(random, VENDORS);
  if (random.chance(0.08)) return limitRate(ground, random, vendor);
  const { name, ...fault } = drawVendorFault(random, vendor);
  countFault(ground, `vendors: ${name}${fault.delivered ? ', delivered' : ''}`);
  ground.simulators[vendor].fault(fault);
};
