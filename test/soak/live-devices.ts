/** What phones and their people do: new tokens, consent given and taken back, apps removed, erasure. */
import type { Random } from '../../demo/seeded-random.js';
import { makeToken, type Situation, type SoakDevice, situationOf, tokenOf } from './fleet.js';
import type { Ground } from './ground.js';
import { jsonOf, type Reply } from './line.js';

const MOST_DEVICES = 900;

const expectDone = (
  { violations }: Ground,
  device: SoakDevice,
  { status, text }: Reply,
): boolean => {
  if (status < 300) return true;
  violations.add({
    promise: 'a device may change',
    device: `${device.name} (${device.id})`,
    expected: '2xx',
    seen: `${status} ${text}`,
  });
  return false;
};

const register = async (
  ground: Ground,
  device: SoakDevice,
  situation: Situation,
  consent?: 'granted' | 'denied',
): Promise<void> => {
  const { fleet, line } = ground;
  const answered = fleet.change(device, situation);
  const reply = await line.insist({
    method: 'PUT',
    path: '/v1/devices',
    body: {
      vendor: device.vendor,
      token: tokenOf(device),
      installationId: device.name,
      account: device.account,
      tags: device.tags,
      ...(consent == null ? {} : { consent: { push: consent, at: new Date().toISOString() } }),
    },
  });
  if (!expectDone(ground, device, reply)) return;
  fleet.giveId(device, jsonOf<{ id: string }>(reply).id);
  answered();
};

const renewToken = (ground: Ground, device: SoakDevice, isLive: boolean): Promise<void> => {
  ground.fleet.giveToken(device, makeToken(device, { isLive }));
  return register(ground, device, { ...situationOf(device), isLive });
};

const decide = async (ground: Ground, device: SoakDevice, consents: boolean): Promise<void> => {
  const { fleet, line } = ground;
  if (consents) delete device.forbiddenSinceMs;
  const answered = fleet.change(device, { ...situationOf(device), consents });
  const reply = await line.insist({
    method: 'PUT',
    path: `/v1/devices/${device.id}/consent`,
    body: { push: consents ? 'granted' : 'denied', at: new Date().toISOString() },
  });
  if (!expectDone(ground, device, reply)) return;
  answered();
  if (!consents) device.forbiddenSinceMs = Date.now();
};

const NO_CONTENT = 204;
const NOT_FOUND = 404;

/** Asked again after an answer that was lost, there is nothing left to erase, and nobody waits for what is on its way. */
const mayStillArrive = ({ status, text }: Reply): boolean => {
  if (status === NO_CONTENT) return false;
  return status === NOT_FOUND || (JSON.parse(text) as { mayStillArrive: boolean }).mayStillArrive;
};

const erase = async (
  ground: Ground,
  devices: readonly SoakDevice[],
  path: string,
): Promise<void> => {
  const { fleet, line } = ground;
  const answered = devices.map((device) =>
    fleet.change(device, { ...situationOf(device), isErased: true }),
  );
  const reply = await line.insist({ method: 'DELETE', path });
  const isRefused = reply.status !== NOT_FOUND && reply.status > NO_CONTENT;
  if (isRefused) return devices.forEach((device) => void expectDone(ground, device, reply));
  for (const note of answered) note();
  if (mayStillArrive(reply)) return;
  for (const device of devices) device.forbiddenSinceMs = Date.now();
};

const isFree = (device: SoakDevice): boolean =>
  !device.isBusy && device.id !== '' && !situationOf(device).isErased;

const withDevices = async (devices: readonly SoakDevice[], deed: () => Promise<void>) => {
  for (const device of devices) device.isBusy = true;
  await deed();
  for (const device of devices) device.isBusy = false;
};

const eraseAccount = async (ground: Ground, { account }: SoakDevice): Promise<void> => {
  const devices = ground.fleet.devices.filter((device) => device.account === account);
  // One that is still to come would be refused.
  if (devices.length < 2 || !devices.every(isFree)) return;
  await withDevices(devices, () => erase(ground, devices, `/v1/accounts/${account}`));
};

const arrive = async (ground: Ground): Promise<void> => {
  const { fleet } = ground;
  if (fleet.devices.length >= MOST_DEVICES) return;
  const { device, situation } = fleet.make();
  fleet.giveToken(device, makeToken(device, situation));
  await withDevices([device], () =>
    register(ground, device, situation, situation.consents ? 'granted' : 'denied'),
  );
};

const DEEDS = [
  ['token', 20],
  ['consent', 35],
  ['death', 8],
  ['again', 15],
  ['arrival', 14],
  ['erasure', 5],
  ['account', 3],
] as const;

/** One event of one life. */
export const liveOn = async (ground: Ground, random: Random): Promise<void> => {
  const deed = random.pick(DEEDS);
  const device = random.pick(ground.fleet.devices.map((one) => [one, 1] as const));
  if (deed === 'arrival') return arrive(ground);
  if (!isFree(device)) return;
  if (deed === 'account') return eraseAccount(ground, device);
  await withDevices([device], () => {
    switch (deed) {
      case 'token':
        return renewToken(ground, device, true);
      case 'death':
        return renewToken(ground, device, false);
      case 'again':
        return register(ground, device, situationOf(device));
      case 'consent':
        return decide(ground, device, !situationOf(device).consents);
      case 'erasure':
        return erase(ground, [device], `/v1/devices/${device.id}`);
    }
  });
};
