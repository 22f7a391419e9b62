/** `npm run simulators`: starts all three, says where they are, and stays up until it is told to stop. */
import { parseArgs } from 'node:util';
import { type Simulators, startSimulators } from './index.js';

const USAGE = `Usage: npm run simulators -- [options]
  --folder <path>          where keys are kept and credential files written (default ./data/simulators)
  --host <address>         default 127.0.0.1
  --fcm-port <port>        default 9443; 0 takes a free one, as for all ports
  --apns-port <port>       default 9444
  --harmony-port <port>    default 9445
  --admin-port <port>      of FCM, the next two for APNs and Harmony; default 9543
  --environment <name>     of APNs: production (default) or sandbox
  --expires-in <seconds>   what Google's access tokens live for (default 3599)
  --slow-ms <ms>           how long "slow" tokens wait (default 3000)
  --help`;

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'data/simulators' },
    host: { type: 'string', default: '127.0.0.1' },
    'fcm-port': { type: 'string', default: '9443' },
    'apns-port': { type: 'string', default: '9444' },
    'harmony-port': { type: 'string', default: '9445' },
    'admin-port': { type: 'string', default: '9543' },
    environment: { type: 'string', default: 'production' },
    'expires-in': { type: 'string', default: '3599' },
    'slow-ms': { type: 'string', default: '3000' },
    help: { type: 'boolean', default: false },
  },
});

const natural = (name: string, text: string): number => {
  const value = Number(text);
  if (text === '' || !Number.isSafeInteger(value) || value < 0) {
    throw new Error(`--${name} must be a whole number, not ${text}`);
  }
  return value;
};

const start = (): Promise<Simulators> => {
  const { environment } = values;
  if (environment !== 'production' && environment !== 'sandbox') {
    throw new Error(`--environment must be production or sandbox, not ${environment}`);
  }
  const slowMs = natural('slow-ms', values['slow-ms']);
  const adminPort = natural('admin-port', values['admin-port']);
  const admin = (offset: number): number => (adminPort === 0 ? 0 : adminPort + offset);
  return startSimulators({
    host: values.host,
    folder: values.folder,
    ports: {
      fcm: natural('fcm-port', values['fcm-port']),
      apns: natural('apns-port', values['apns-port']),
      harmony: natural('harmony-port', values['harmony-port']),
    },
    adminPorts: { fcm: admin(0), apns: admin(1), harmony: admin(2) },
    fcm: { slowMs, expiresInSeconds: natural('expires-in', values['expires-in']) },
    apns: { slowMs, environment },
    harmony: { slowMs },
  });
};

const tell = ({ fcm, apns, harmony, files }: Simulators): void => {
  console.log(`FCM      ${fcm.url}   admin ${fcm.adminUrl}   tokens ${fcm.credentials.tokenUrl}`);
  console.log(`APNs     ${apns.url}   admin ${apns.adminUrl}   topic ${apns.credentials.bundleId}`);
  console.log(
    `Harmony  ${harmony.url}   admin ${harmony.adminUrl}   project ${harmony.credentials.projectId}`,
  );
  for (const file of files) console.log(`         ${file}`);
  console.log('Ready. Stop with Ctrl-C.');
};

const run = async (): Promise<void> => {
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const simulators = await start();
  const stop = (): void => {
    process.exitCode = 0;
    simulators.close().catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  tell(simulators);
};

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
