/** The APNs simulator: HTTP/2 only, one environment. */
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator.js';
import { ANSWER_ROWS, type ApnsAnswer, apnsToken } from '../tokens.js';
import { type ApnsCredentials, type ApnsEnvironment, apnsCredentials } from './credentials.js';
import { ApnsRules } from './rules.js';

export interface ApnsSimulatorOptions extends SimulatorOptions {
  /** Default `production`. */
  readonly environment?: ApnsEnvironment;
  /** Apps of the team beside the one in the credentials. */
  readonly bundleIds?: readonly string[];
  /** Streams of a connection after its first good token; default 1000. */
  readonly maxConcurrentStreams?: number;
  /** GOAWAY after so many BadDeviceToken on one connection; default never. */
  readonly closeAfterBadTokens?: number;
}

export type ApnsSimulator = Simulator<ApnsCredentials>;

export const startApnsSimulator = (options: ApnsSimulatorOptions = {}): Promise<ApnsSimulator> => {
  const { environment = 'production', bundleIds = [] } = options;
  const { maxConcurrentStreams = 1000, closeAfterBadTokens = Infinity } = options;
  return startSimulator(options, {
    rules: (context) =>
      new ApnsRules(context, { environment, bundleIds, maxConcurrentStreams, closeAfterBadTokens }),
    credentials: ({ apns }) => apnsCredentials(apns, environment),
    answers: ANSWER_ROWS.apns,
    makeToken: (seed, answer) => apnsToken(seed, answer as ApnsAnswer | undefined),
    maxConcurrentStreams: 1,
    allowHttp1: false,
    asksForCertificate: true,
  });
};
