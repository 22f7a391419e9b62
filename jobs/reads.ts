/** Reads of a few documents by their ids: what is asked for at the same time comes with one request. */
import { mongo, type Types } from 'mongoose';
import { findPage, type PageOptions } from '../models/find-page.js';
import type { Suppression } from '../models/suppression.js';
import { keyText } from '../models/suppression-list.js';
import { DEVICE_FIELDS, type DeviceView } from './eligibility.js';
import { createGroup } from './group.js';
import type { Priority } from './priority.js';

type StoredSuppression = Pick<Suppression, 'app' | 'reason' | 'blocks'> & { _id: mongo.Binary };

/** Keyed hashes of tokens of one app. */
interface AskedTokens {
  readonly app: string;
  readonly keys: readonly Uint8Array[];
}

export interface Reads {
  /** The devices of an app that hold one of these tokens, in whatever profile, in no order. */
  holders(app: string, keys: readonly Uint8Array[]): Promise<DeviceView[]>;
  /** Those that exist, of whatever app, in no order. */
  devices(ids: readonly Types.ObjectId[]): Promise<DeviceView[]>;
  /** Entries of suppression lists, of whatever app. */
  suppressions(keys: readonly Uint8Array[]): Promise<StoredSuppression[]>;
}

/** Whoever asks for more has a request of their own. */
const FEW_IDS = 10;
const MOST_CALLERS = 25;
const AT_ONCE = 2;

/** Finds documents by ids; a few together with those of others. `findMany`: for whoever asks for more. */
const byIds = <Id, Found>(
  find: (ids: readonly Id[]) => Promise<Found[]>,
  textOfId: (id: Id) => string,
  textOf: (found: Found) => string,
  findMany: (ids: readonly Id[]) => Promise<Found[]> = find,
): ((ids: readonly Id[]) => Promise<Found[]>) => {
  const together = async (asked: readonly (readonly Id[])[]): Promise<Found[][]> => {
    const found = await find(asked.flat());
    const byText = new Map(found.map((one) => [textOf(one), one]));
    return asked.map((ids) => ids.flatMap((id) => byText.get(textOfId(id)) ?? []));
  };
  const ask = createGroup<readonly Id[], Found[]>({
    together,
    alone: find,
    most: MOST_CALLERS,
    atOnce: AT_ONCE,
  });
  return (ids) => {
    if (ids.length === 0) return Promise.resolve([]);
    return ids.length > FEW_IDS ? findMany(ids) : ask(ids);
  };
};

export const createReads = (
  db: mongo.Db,
  priority: Pick<Priority, 'giveWay' | 'pieceDevices'>,
): Reads => {
  const findDevices = (
    ids: readonly Types.ObjectId[],
    options?: PageOptions,
  ): Promise<DeviceView[]> =>
    findPage<DeviceView>(
      db,
      'devices',
      { filter: { _id: { $in: [...ids] } }, projection: DEVICE_FIELDS, limit: ids.length },
      options,
    );
  const findManyDevices = async (ids: readonly Types.ObjectId[]): Promise<DeviceView[]> => {
    const found: DeviceView[] = [];
    for (let start = 0; start < ids.length; ) {
      const some = ids.slice(start, start + priority.pieceDevices);
      start += some.length;
      found.push(...(await findDevices(some, { turn: () => priority.giveWay() })));
    }
    return found;
  };
  const findHolders = ({ app, keys }: AskedTokens): Promise<DeviceView[]> =>
    findPage<DeviceView>(db, 'devices', {
      filter: { app, tokenKey: { $in: keys.map((key) => new mongo.Binary(key)) } },
      projection: DEVICE_FIELDS,
    });
  const askHolders = createGroup<AskedTokens, DeviceView[]>({
    async together(asked) {
      const apps = [...new Set(asked.map(({ app }) => app))];
      const found = await Promise.all(
        apps.map((app) =>
          findHolders({ app, keys: asked.flatMap((one) => (one.app === app ? one.keys : [])) }),
        ),
      );
      const byKey = new Map<string, DeviceView[]>();
      for (const device of found.flat()) {
        const key = `${device.app}/${device.tokenKey.toString('hex')}`;
        byKey.set(key, [...(byKey.get(key) ?? []), device]);
      }
      return asked.map(({ app, keys }) =>
        keys.flatMap((key) => byKey.get(`${app}/${keyText(key)}`) ?? []),
      );
    },
    alone: findHolders,
    most: MOST_CALLERS,
    atOnce: AT_ONCE,
  });
  return {
    holders: (app, keys) =>
      keys.length > FEW_IDS ? findHolders({ app, keys }) : askHolders({ app, keys }),
    devices: byIds<Types.ObjectId, DeviceView>(
      (ids) => findDevices(ids),
      (id) => id.toHexString(),
      ({ _id }) => _id.toHexString(),
      findManyDevices,
    ),
    suppressions: byIds<Uint8Array, StoredSuppression>(
      (keys) =>
        db
          .collection<StoredSuppression>('suppressions')
          .find(
            { _id: { $in: keys.map((key) => new mongo.Binary(key)) } },
            { projection: { app: 1, reason: 1, blocks: 1 } },
          )
          .toArray(),
      keyText,
      ({ _id }) => _id.toString('hex'),
    ),
  };
};
