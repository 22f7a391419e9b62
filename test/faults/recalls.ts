/** A recall is a task, too: whoever sends it dies, and in the end nobody sees the old text, whatever was sent twice. */
import { expect } from 'chai';
import { apiClient } from '../../demo/api-client.js';
import { vendorSettings } from '../../demo/vendor-settings.js';
import type { FaultPoint } from '../../jobs/fault-point.js';
import { FLEET_APP, rowsOf } from '../support/fleet.js';
import { expectBalance } from './books.js';
import { createCaller } from './caller.js';
import { ending } from './ending.js';
import type { Gateways } from './gateways.js';
import type { PrivateMongod } from './private-mongod.js';
import { type Row, VENDORS } from './row.js';
import { onStage, type Scenario } from './scenario.js';
import type { Stage } from './stage.js';

interface Parts {
  readonly mongod: PrivateMongod;
  readonly gateways: Gateways;
}

const ROW: Row = { ifUnsure: 'resend', mix: { fcm: 150, apns: 150, harmony: 150 } };
const REPLACEMENT = { title: 'Withdrawn', body: 'Please ignore it' };
const TARGETED = 450;

/** The title of each notification on the screen of a device. */
const titlesOn = ({ simulators }: Stage, { vendor, token }: Stage['fleet'][number]): unknown[] =>
  simulators[vendor].screenOf(token).map(({ request }) => {
    const body = request?.body as {
      aps?: { alert: { title: string } };
      message?: { notification: { title: string } };
      payload?: { notification: { title: string } };
    };
    return (body.aps?.alert ?? body.message?.notification ?? body.payload?.notification)?.title;
  });

const expectWithdrawn = (stage: Stage): void => {
  for (const device of stage.fleet.filter(({ consents, isGone }) => consents && !isGone)) {
    // Harmony takes it back; the others have something else in its place, once.
    const expected = device.vendor === 'harmony' ? [] : [REPLACEMENT.title];
    expect(titlesOn(stage, device), `on the screen of ${device.token}`).to.deep.equal(expected);
  }
};

const recallUnderFire = async (stage: Stage, point: FaultPoint): Promise<void> => {
  const { first, bearer, fleet, simulators } = stage;
  const api = apiClient(first.url, bearer);
  // Harmony revokes by it.
  const { clientId } = simulators.harmony.credentials;
  const harmony = { ...vendorSettings(simulators).harmony, clientId };
  await api.put(`/v1/apps/${FLEET_APP}/vendors/harmony`, harmony);
  const { id: task } = await createCaller(ROW, bearer, fleet).insist(first.url);
  await ending(stage, first.url, task);
  for (const vendor of VENDORS) {
    const seen = fleet.find((one) => one.vendor === vendor && one.consents && !one.isGone);
    if (seen != null) expect(titlesOn(stage, seen), vendor).to.deep.equal(['A row']);
  }

  await first.arm({ point, deed: 'SIGKILL' });
  const { id } = await api.post<{ id: string }>(`/v1/tasks/${task}/recall`, {
    replacement: REPLACEMENT,
  });
  expect(await first.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
  const heir = await stage.startGateway();
  const recall = await ending(stage, heir.url, id);

  expectBalance(recall.task);
  expect(recall.task.counts).to.include({ targeted: TARGETED, accepted: TARGETED, pending: 0 });
  const rows = await rowsOf(heir.url, bearer, id);
  expect(new Set(rows.map(({ device }) => device)).size, 'devices with a row').to.equal(TARGETED);
  expect(rows).to.have.length(TARGETED);
  expectWithdrawn(stage);
  const { findings } = await apiClient(heir.url, stage.operatorKey).post<{ findings: unknown[] }>(
    '/v1/books/check',
    { task: id },
  );
  expect(findings, 'what a check of the books finds').to.deep.equal([]);
};

const scenario = (point: FaultPoint): Scenario<Parts> => ({
  name: `a recall | SIGKILL | at ${point} | ${ROW.ifUnsure}`,
  play: (parts) => onStage(ROW, parts, (stage) => recallUnderFire(stage, point)),
});

export const RECALLS: readonly Scenario<Parts>[] = [
  scenario('plan:before-commit'),
  scenario('dispatch:marked-sending'),
  scenario('report:answered'),
];
