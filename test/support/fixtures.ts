/** What every mocha run does once, whatever it tests. */
import { stopTestMongo } from './mongo.js';

// Mocha passes over rejections that nobody handles; as exceptions they fail the run.
process.on('unhandledRejection', (reason) => {
  throw reason;
});

export const mochaGlobalTeardown = async (): Promise<void> => {
  await stopTestMongo();
};
