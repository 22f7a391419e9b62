import { expect } from 'chai';
import { EmbeddedMongoError } from './errors.js';
import { requirePlatform } from './platform.js';

describe('requirePlatform', () => {
  it('takes every platform with a POSIX shell', () => {
    for (const platform of ['linux', 'darwin', 'freebsd'] as const) requirePlatform(platform);
  });

  it('refuses Windows and says what to do', () => {
    expect(() => requirePlatform('win32'))
      .to.throw(EmbeddedMongoError, /MONGODB_URI/)
      .with.property('code', 'UNSUPPORTED_PLATFORM');
  });
});
