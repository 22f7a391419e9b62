/** `npm start`: the gateway as a process. */
import { Closing } from './closing.js';
import { ConfigError, readConfig } from './config.js';
import { canWait, giveWay } from './give-way.js';
import { boundHeapGrowth } from './heap-growth.js';
import { createLogger } from './logger.js';
import { type Gateway, startGateway } from './start.js';

/** Longer than any part may take; then the process ends all the same. */
const LAST_RESORT_MS = 10_000;

const showOperatorKey = ({ keys }: Gateway): void => {
  if (keys.operatorKeyMadeIn == null) return;
  const place = `The operator's key is in ${keys.operatorKeyMadeIn}`;
  // Logs are kept and shipped; a terminal is read by whoever sits in front of it.
  process.stderr.write(process.stderr.isTTY ? `${place}: ${keys.operatorKey}\n` : `${place}\n`);
};

const main = async (): Promise<void> => {
  boundHeapGrowth();
  const config = readConfig();
  const logger = createLogger({ level: config.logLevel });
  const closing = new Closing();
  let stopping = false;

  const stop = async (why: string, exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info('Stopping', { why });
    setTimeout(() => process.exit(1), LAST_RESORT_MS).unref();
    await closing.close((part, error) =>
      logger.error('A part could not be stopped', { part, error }),
    );
    logger.info('Stopped');
    process.exit(exitCode);
  };
  // Also while it still starts: what has been started by then is stopped.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => void stop(signal, 0));

  try {
    if (canWait(config)) giveWay(logger);
    const gateway = await startGateway({ config, logger }, closing);
    logger.info('Pigeonpost is ready', {
      url: gateway.url,
      role: config.role,
      lanes: config.lanes,
    });
    showOperatorKey(gateway);
    const exitCode = await gateway.mongoEnded;
    await stop(`The embedded MongoDB ended with ${exitCode ?? 'a signal'}`, 1);
  } catch (error) {
    // What fails because everything is being stopped is no news.
    if (!stopping) throw error;
  }
};

main().catch((error: unknown) => {
  const isOurs = error instanceof ConfigError || (error instanceof Error && 'code' in error);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${isOurs ? error.message : stack}\n`);
  process.exit(1);
});
