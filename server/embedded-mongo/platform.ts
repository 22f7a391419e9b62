/** Where an embedded MongoDB can run: wherever there is a POSIX shell to look after it. */
import { EmbeddedMongoError } from './errors.js';

/** Throws EmbeddedMongoError `UNSUPPORTED_PLATFORM`. */
export const requirePlatform = (platform: NodeJS.Platform): void => {
  if (platform !== 'win32') return;
  throw new EmbeddedMongoError(
    'UNSUPPORTED_PLATFORM',
    'The embedded MongoDB does not run on Windows: set MONGODB_URI to a replica set of MongoDB 6.0 or newer, or start ' +
      'the gateway in WSL or a container',
  );
};
