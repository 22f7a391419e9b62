import { expect } from 'chai';
import { Types } from 'mongoose';
import { finderOf } from './device-finder.js';
import type { DeviceView } from './eligibility.js';

const device = (): DeviceView => ({ _id: new Types.ObjectId() }) as DeviceView;

describe('finding the devices of a batch', () => {
  const devices = Array.from({ length: 6 }, device);
  const find = (found: readonly DeviceView[], wanted: readonly DeviceView[]) => {
    const finder = finderOf(found);
    return wanted.map(({ _id }) => finder(Buffer.from(_id.id)));
  };

  it('finds them in the order of the batch', () => {
    expect(find(devices, devices)).to.deep.equal(devices);
  });

  it('finds them in any other order, and those that are asked for twice', () => {
    const [first, second, third] = devices;
    const wanted = [third!, first!, second!, first!, ...devices.slice(3)];
    expect(find(devices, wanted)).to.deep.equal(wanted);
  });

  it('misses those that are gone, and no other', () => {
    const gone = device();
    const wanted = [gone, ...devices.slice(0, 3), gone, ...devices.slice(3)];
    const found = wanted.map((one) => (one === gone ? undefined : one));
    expect(find(devices, wanted)).to.deep.equal(found);
    // Strangers among what was read.
    expect(find([gone, ...devices], devices)).to.deep.equal(devices);
    expect(find([], [gone])).to.deep.equal([undefined]);
  });
});
