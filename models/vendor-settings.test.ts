import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { secretBox } from './secret-box.js';
import { openSecrets, openSettings, sealSettings } from './vendor-settings.js';

const vendor = { secrets: ['apiKey'] };
const settings = { endpoint: 'https://vendor.example', apiKey: 'made-up-secret' };
const id = 'shop/pager/default';

describe('sealed vendor settings', () => {
  const box = secretBox(randomBytes(32));

  it('show what is public and hide what is secret', () => {
    const sealed = sealSettings(id, settings, vendor, box);
    expect(sealed.settings).to.deep.equal({ endpoint: 'https://vendor.example' });
    expect(JSON.stringify(sealed)).to.not.include('made-up-secret');
  });

  it('open again as a whole, or the secrets alone', () => {
    const stored = { _id: id, ...sealSettings(id, settings, vendor, box) };
    expect(openSettings(stored, vendor, box)).to.deep.equal(settings);
    expect(openSecrets(stored, vendor, box)).to.deep.equal({ apiKey: 'made-up-secret' });
  });

  it('do not open in another app, nor under another master key', () => {
    const sealed = sealSettings(id, settings, vendor, box);
    const moved = { _id: 'thief/pager/default', ...sealed };
    expect(() => openSettings(moved, vendor, box)).to.throw();
    const otherBox = secretBox(randomBytes(32));
    expect(() => openSettings({ _id: id, ...sealed }, vendor, otherBox)).to.throw();
  });

  it('leave out a secret that the vendor does not know any more', () => {
    const stored = { _id: id, ...sealSettings(id, settings, vendor, box) };
    expect(openSettings(stored, { secrets: [] }, box)).to.deep.equal({
      endpoint: 'https://vendor.example',
    });
  });
});
