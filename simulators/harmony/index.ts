/** The Push Kit simulator: scenario-based sends (v3) and revocations. */
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator.js';
import { ANSWER_ROWS, type HarmonyAnswer, harmonyToken } from '../tokens.js';
import { type HarmonyCredentials, harmonyCredentials } from './credentials.js';
import { HarmonyRules } from './rules.js';

export type HarmonySimulatorOptions = SimulatorOptions;

export type HarmonySimulator = Simulator<HarmonyCredentials>;

const MAX_CONCURRENT_STREAMS = 128;

export const startHarmonySimulator = (
  options: HarmonySimulatorOptions = {},
): Promise<HarmonySimulator> =>
  startSimulator(options, {
    rules: (context) => new HarmonyRules(context),
    credentials: ({ harmony }) => harmonyCredentials(harmony),
    answers: ANSWER_ROWS.harmony,
    makeToken: (seed, answer) => harmonyToken(seed, answer as HarmonyAnswer | undefined),
    maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
    allowHttp1: true,
  });
