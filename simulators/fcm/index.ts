/** The FCM simulator: HTTP v1 sends and Google's token endpoint on one port. */
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator.js';
import { ANSWER_ROWS, type FcmAnswer, fcmToken } from '../tokens.js';
import { type FcmCredentials, fcmCredentials } from './credentials.js';
import { FcmRules } from './rules.js';

export interface FcmSimulatorOptions extends SimulatorOptions {
  /** What access tokens live for; default 3,599. */
  readonly expiresInSeconds?: number;
  /** The only package that `android.restricted_package_name` may name. */
  readonly packageName?: string;
}

export type FcmSimulator = Simulator<FcmCredentials>;

const MAX_CONCURRENT_STREAMS = 100;

export const startFcmSimulator = (options: FcmSimulatorOptions = {}): Promise<FcmSimulator> => {
  const { expiresInSeconds = 3599, packageName = 'com.example.pigeon' } = options;
  return startSimulator(options, {
    rules: (context) => new FcmRules(context, { expiresInSeconds, packageName }),
    credentials: ({ fcm }, url) => fcmCredentials(fcm, url),
    answers: ANSWER_ROWS.fcm,
    makeToken: (seed, answer) => fcmToken(seed, answer as FcmAnswer | undefined),
    maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
    allowHttp1: true,
  });
};
