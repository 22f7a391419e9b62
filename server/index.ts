/** `npm start`: the gateway as a process. */
import { ConfigError, readConfig } from './config.js';
import { createLogger } from './logger.js';
import { type Gateway, startGateway } from './start.js';

/** Longer than any part may take; then the process ends all the same. */
const LAST_RESORT_MS = 15_000;

const showOperatorKey = ({ keys }: Gateway): void => {
  if (keys.operatorKeyMadeIn == null) return;
  const place = `The operator's key is in ${keys.operatorKeyMadeIn}`;
  // Logs are kept and shipped; a terminal is read by whoever sits in front of it.
  process.stderr.write(process.stderr.isTTY ? `${place}: ${keys.operatorKey}\n` : `${place}\n`);
};

const main = async (): Promise<void> => {
  const config = readConfig();
  const logger = createLogger({ level: config.logLevel });
  const gateway = await startGateway({ config, logger });
  logger.info('Pigeonpost is ready', { url: gateway.url, role: config.role });
  showOperatorKey(gateway);

  let stopping = false;
  const stop = async (why: string, exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info('Stopping', { why });
    setTimeout(() => process.exit(exitCode === 0 ? 1 : exitCode), LAST_RESORT_MS).unref();
    await gateway.stop();
    logger.info('Stopped');
    process.exit(exitCode);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => void stop(signal, 0));
  const exitCode = await gateway.mongoEnded;
  await stop(`The embedded MongoDB ended with ${exitCode ?? 'a signal'}`, 1);
};

main().catch((error: unknown) => {
  const isOurs = error instanceof ConfigError || (error instanceof Error && 'code' in error);
  const text =
    error instanceof Error
      ? isOurs
        ? error.message
        : (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
