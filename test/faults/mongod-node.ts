/** One mongod of a replica set of the faults' own: it can be killed, stopped for a while, and started again on its data. */
import { mongo } from 'mongoose';
import { isListening, LOOPBACK } from '../../server/embedded-mongo/port.js';
import { REPLICA_SET } from '../../server/embedded-mongo/replica-set.js';
import {
  type SupervisedProcess,
  superviseProcess,
} from '../../server/embedded-mongo/supervised-process.js';
import { until } from '../support/until.js';

const LISTENS_WITHIN_MS = 60_000;
const OPLOG_MB = 200;
/** A node that is away is to be noticed, and one that is back as well. */
const NOTICED_WITHIN_MS = 1_000;

export interface NodeOptions {
  /** What runs mongod: mongod itself, or a program that does, with its first arguments. */
  readonly command: readonly [string, ...string[]];
  readonly dataDir: string;
  readonly logPath: string;
  readonly port: number;
  readonly more?: readonly string[];
}

export interface MongodNode {
  readonly port: number;
  /** Leads to this node alone, whatever its part in the set. */
  readonly client: mongo.MongoClient;
  /** Resolves when it listens. */
  start(): Promise<void>;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<number | null>;
  /** Of the mongod that was started last. */
  readonly pid: number | undefined;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Resolves when it has gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

const argumentsFor = ({ dataDir, port, more = [] }: NodeOptions): string[] => [
  ...['--dbpath', dataDir, '--replSet', REPLICA_SET, '--oplogSize', String(OPLOG_MB)],
  ...['--bind_ip', LOOPBACK, '--port', String(port), '--nounixsocket', '--quiet'],
  ...['--wiredTigerCacheSizeGB', '0.25'],
  ...['--setParameter', 'enableTestCommands=1'],
  ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
  ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
  ...more,
];

/** Not started yet. */
export const createMongodNode = (options: NodeOptions): MongodNode => {
  const { port, logPath } = options;
  const [command, ...first] = options.command;
  const client = new mongo.MongoClient(`mongodb://${LOOPBACK}:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: NOTICED_WITHIN_MS,
    heartbeatFrequencyMS: NOTICED_WITHIN_MS / 2,
  });
  let running: SupervisedProcess | undefined;
  let pid: number | undefined;

  const readPid = async (): Promise<void> => {
    const status = await client.db('admin').command({ serverStatus: 1 });
    pid = Number(status['pid']);
  };
  const signal = (which: NodeJS.Signals): void => {
    if (pid == null) throw new Error('It is not known which process it is');
    process.kill(pid, which);
  };

  return {
    port,
    client,
    async start() {
      running = await superviseProcess(command, [...first, ...argumentsFor(options)], logPath);
      await until('mongod listens', () => isListening(port), { withinMs: LISTENS_WITHIN_MS });
      await readPid();
    },
    get ended() {
      return running?.ended ?? Promise.resolve(null);
    },
    get pid() {
      return pid;
    },
    signal,
    async kill() {
      signal('SIGKILL');
      await running?.ended;
    },
    async close() {
      await client.close();
      await running?.stop();
    },
  };
};
