import { expect } from 'chai';
import { contendersOf, peerVersions } from './contenders.js';

describe('the contenders of the benchmark', () => {
  it('takes for each shape those that speak it, ours first', () => {
    expect(contendersOf('apns', { gorush: false })).to.deep.equal([
      'own',
      'node',
      'raw',
      'node-apn',
    ]);
    expect(contendersOf('fcm', { gorush: false })).to.deep.equal([
      'own',
      'node',
      'raw',
      'firebase-admin',
    ]);
  });

  it('takes gorush for APNs alone, and only where its binary was named', () => {
    expect(contendersOf('apns', { gorush: true })).to.include('gorush');
    expect(contendersOf('fcm', { gorush: true })).not.to.include('gorush');
  });

  it('tells which versions it measures', async () => {
    const [nodeApn, firebaseAdmin, ...others] = await peerVersions();
    expect(nodeApn).to.match(/^@parse\/node-apn \d+\.\d+\.\d+$/);
    expect(firebaseAdmin).to.match(/^firebase-admin \d+\.\d+\.\d+$/);
    expect(others).to.deep.equal([]);
  });
});
