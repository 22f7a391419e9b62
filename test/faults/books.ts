/** Holds the books of a task against the vendors' own record, device by device. */
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import type { Simulators } from '../../simulators/index.js';
import type { RowShown, TaskShown } from '../support/fleet.js';
import { type FaultDevice, witnessed } from './fleet.js';
import type { Amount, Row } from './row.js';

/** It holds at every moment, not only at the end. */
export const expectBalance = ({ counts }: TaskShown): void => {
  const { targeted, ...states } = counts;
  const sum = Object.values(states).reduce((total, count) => total + count, 0);
  expect(sum, JSON.stringify(counts)).to.equal(targeted);
};

const expectAmount = (actual: number, expected: Amount | undefined, what: string): void => {
  if (typeof expected === 'object') expect(actual, what).to.be.at.most(expected.atMost);
  else expect(actual, what).to.equal(expected ?? 0);
};

interface Entry {
  readonly device: FaultDevice;
  readonly id: string;
  /** Of its delivery row; undefined when there is none. */
  readonly state: string | undefined;
  /** How often the vendor says that it really got the push. */
  readonly delivered: number;
  readonly received: number;
  readonly shown: number;
  readonly tokenState: unknown;
}

export interface Evidence {
  readonly row: Row;
  readonly db: mongo.Db;
  readonly simulators: Simulators;
  readonly fleet: readonly FaultDevice[];
  readonly task: TaskShown;
  readonly rows: readonly RowShown[];
}

const entriesOf = async ({ db, simulators, fleet, rows }: Evidence): Promise<Entry[]> => {
  const byDevice = new Map(rows.map(({ device, state }) => [device, state]));
  const stored = await db
    .collection('devices')
    .find({}, { projection: { token: 1, state: 1 } })
    .toArray();
  const byToken = new Map(stored.map((device) => [String(device['token']), device]));
  return fleet.map((device) => {
    const found = byToken.get(device.token);
    if (found == null) throw new Error(`A ${device.vendor} device is not stored`);
    const id = String(found._id);
    const { delivered, received, shown } = witnessed(simulators, device);
    const tokenState: unknown = found['state'];
    return { device, id, state: byDevice.get(id), delivered, received, shown, tokenState };
  });
};

/** Counts equal rows, and there is one row for each device. */
const expectRows = ({ row, task, rows, fleet }: Evidence): void => {
  expectBalance(task);
  const { targeted, pending, ...states } = task.counts;
  expect(pending, 'pending').to.equal(0);
  if (row.inPart) expect(targeted, 'targeted').to.be.below(fleet.length);
  else expect(targeted, 'targeted').to.equal(fleet.length);
  expect(new Set(rows.map(({ device }) => device)).size, 'devices with a row').to.equal(targeted);
  expect(rows.length, 'rows').to.equal(targeted);
  for (const [state, count] of Object.entries(states)) {
    const written = rows.filter((each) => each.state === state).length;
    expect(count, `counted as ${state}`).to.equal(written);
  }
};

const expectUntouched = ({ row }: Evidence, entries: readonly Entry[]): void => {
  for (const { device, state, received, delivered, tokenState } of entries) {
    if (!device.consents) {
      if (!row.inPart) expect(state, 'without consent').to.equal('suppressed');
      expect(received, 'asked for without consent').to.equal(0);
    }
    if (device.isGone) expect(delivered, 'delivered to a phone without the app').to.equal(0);
    // One push that was lost, late, double or denied says nothing about a token.
    else expect(tokenState, 'a live token').to.equal('active');
  }
};

const expectAtMostOnce = (live: readonly Entry[]): void => {
  for (const { id, state, delivered } of live) {
    expect(delivered, `${id} is ${state}`).to.be.at.most(1);
    if (delivered === 1) expect(state, `${id} got it`).to.be.oneOf(['accepted', 'unknown']);
  }
};

/** But for those that the caller's own cancel kept from being sent again. */
const expectAtLeastOnce = ({ row }: Evidence, live: readonly Entry[]): void => {
  for (const { id, state, delivered, shown } of live) {
    if (state === 'cancelled' || (state === 'unknown' && row.fault?.startsWith('cancel'))) continue;
    expect(state, id).to.equal('accepted');
    expect(delivered, `${id} is ${state}`).to.be.at.least(1);
    expect(shown, `${id} got it ${delivered} times`).to.equal(1);
  }
};

export const checkBooks = async (evidence: Evidence): Promise<void> => {
  const { row } = evidence;
  expectRows(evidence);
  const entries = await entriesOf(evidence);
  expectUntouched(evidence, entries);
  const planned = entries.filter(({ state }) => !row.inPart || state != null);
  const live = planned.filter(({ device }) => device.consents && !device.isGone);
  for (const { id, delivered } of entries.filter(({ state }) => state == null)) {
    expect(delivered, `${id} was never planned`).to.equal(0);
  }
  for (const { id, state, delivered } of live) {
    expect(state, id).to.be.oneOf(['accepted', 'unknown', 'cancelled']);
    if (state === 'accepted') expect(delivered, `${id} is accepted`).to.be.at.least(1);
    if (state === 'cancelled') expect(delivered, `${id} is cancelled`).to.equal(0);
  }
  if (row.ifUnsure === 'leave') expectAtMostOnce(live);
  else expectAtLeastOnce(evidence, live);
  const inState = (state: string): number => live.filter((entry) => entry.state === state).length;
  expectAmount(inState('unknown'), row.unknown, 'eligible devices that are unknown');
  expectAmount(inState('cancelled'), row.cancelled, 'eligible devices that are cancelled');
  const repeated = live.filter(({ delivered }) => delivered > 1).length;
  expectAmount(repeated, row.repeated, 'devices that got it more than once');
};
