import { expect } from 'chai';
import type { Batch } from '../../models/batch.js';
import { newTaskId } from '../../models/task.js';
import { taskKey } from './paces.js';
import { createRoom, type FetchingLane } from './room.js';

const SICK = { app: 'shop', vendor: 'fcm', profile: 'default' };
const WELL = { app: 'shop', vendor: 'apns', profile: 'default' };

describe('the room of lanes', () => {
  const twoLanes = () => {
    const closed: Record<'default' | 'campaign', ReturnType<FetchingLane['closed']>> = {
      default: [],
      campaign: [],
    };
    const send = async (_batch: Batch): Promise<void> => undefined;
    const room = createRoom();
    room.add('transactional', { closed: () => [], send });
    room.add('default', { closed: () => closed.default, send });
    room.add('campaign', { closed: () => closed.campaign, send });
    let woken = 0;
    return { room, closed, wake: () => void (woken += 1), woken: () => woken };
  };

  it('is closed for a profile where that has enough, and for nobody else', () => {
    const { room, closed, wake } = twoLanes();
    closed.default = [SICK];
    expect(room.closedFor('shop/fcm/default', wake)).to.deep.equal([{ lane: 'default' }]);
    expect(room.closedFor('shop/apns/default', wake)).to.deep.equal([]);
    closed.campaign = 'all';
    expect(room.closedFor('shop/apns/default', wake)).to.deep.equal([{ lane: 'campaign' }]);
  });

  it('is closed for lanes that other processes serve', () => {
    const room = createRoom();
    let looks = 0;
    const closed = (): undefined => void (looks += 1);
    room.add('default', { closed, send: () => Promise.resolve() });
    const strange = [{ lane: 'transactional' }, { lane: 'campaign' }];
    expect(room.closedFor('shop/apns/default', () => {})).to.deep.equal(strange);
    // Nobody is held up by them, or each batch that ends would be compared with all keys there ever were.
    room.again();
    expect(looks).to.equal(1);
  });

  it('is closed for some of the batches of a task', () => {
    const { room, closed, wake } = twoLanes();
    closed.default = [SICK];
    const key = taskKey(newTaskId());
    expect(room.closedFor(key, wake)).to.deep.equal([{ lane: 'default', profiles: [SICK] }]);
  });

  it('wakes whoever was held up when something else is closed, and not for every batch that ends', () => {
    const { room, closed, wake, woken } = twoLanes();
    closed.default = [SICK];
    room.closedFor('shop/fcm/default', wake);
    room.again();
    // Somebody else's trouble.
    closed.default = [SICK, WELL];
    room.again();
    expect(woken()).to.equal(0);
    closed.default = [WELL];
    room.again();
    expect(woken()).to.equal(1);
    room.again();
    expect(woken()).to.equal(1);
  });
});
