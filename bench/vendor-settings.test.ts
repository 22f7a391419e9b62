import { expect } from 'chai';
import { loadVendor } from '../adapters/index.js';
import { benchDevice } from './devices.js';
import { BENCH_VENDORS } from './options.js';
import { makeSinkCertificate } from './sink.js';
import { vendorSettings } from './vendor-settings.js';

describe('a vendor of the benchmark', () => {
  for (const name of BENCH_VENDORS) {
    it(`${name} takes the settings and the tokens that are made for it`, async () => {
      const sink = { url: 'https://127.0.0.1:4443', ca: (await makeSinkCertificate()).ca };
      const vendor = await loadVendor(name);
      const checked = vendor.settings.validate(vendorSettings(name, sink));
      expect(checked.error).to.equal(undefined);
      expect(checked.value).to.have.property('endpoint', sink.url);
      const token = vendor.token.validate(benchDevice(7, name).token);
      expect(token.error).to.equal(undefined);
    });
  }
});
