/** What every mocha run does once, whatever it tests. */
import { stopTestMongo } from './mongo.js';

// Mocha passes over rejections that nobody handles; as exceptions they fail the run.
process.on('unhandledRejection', (reason) => {
  throw reason;
});

/** A run whose tests left something open would never end, and say nothing about it. */
const END_WITHIN_MS = 15_000;

const failIfStillAlive = (): void => {
  setTimeout(() => {
    const open = [...new Set(process.getActiveResourcesInfo())].join(', ');
    process.stderr.write(`The tests are over, but something keeps the process alive: ${open}\n`);
    process.exit(1);
  }, END_WITHIN_MS).unref();
};

export const mochaGlobalTeardown = async (): Promise<void> => {
  await stopTestMongo();
  failIfStillAlive();
};
