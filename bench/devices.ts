/** The devices and the message that are measured with. */
import { Readable } from 'node:stream';
import { apnsToken, fcmToken, harmonyToken } from '../simulators/tokens.js';
import type { BenchVendor } from './options.js';

/** The first devices carry it, for tasks that go to these only. */
export const FEW_TAG = 'few';
export const FEW_DEVICES = 10_000;

export const MESSAGE = {
  title: 'Your parcel is on its way',
  body: 'It arrives tomorrow between 9 and 12',
} as const;

export const benchToken = (index: number): string => apnsToken(`bench ${index}`);

/** A token as each vendor writes them. */
const TOKENS: Readonly<Record<BenchVendor, (index: number) => string>> = {
  apns: benchToken,
  fcm: (index) => fcmToken(`bench ${index}`),
  harmony: (index) => harmonyToken(`bench ${index}`),
};

export const benchDevice = (index: number, vendor: BenchVendor = 'apns') => ({
  vendor,
  token: TOKENS[vendor](index),
  account: `customer-${index}`,
  tags: index < FEW_DEVICES ? ['plan:pro', FEW_TAG] : ['plan:free'],
  locale: 'de-DE',
  timeZone: 'Europe/Berlin',
  consent: { push: 'granted', policyVersion: '2026-01', source: 'bench' },
});

export type BenchDevice = ReturnType<typeof benchDevice>;

const LINES_A_CHUNK = 500;

const chunks = function* (
  devices: number,
  deviceOf: (index: number) => BenchDevice,
): Generator<string> {
  for (let start = 0; start < devices; start += LINES_A_CHUNK) {
    const length = Math.min(LINES_A_CHUNK, devices - start);
    yield Array.from(
      { length },
      (_, offset) => `${JSON.stringify(deviceOf(start + offset))}\n`,
    ).join('');
  }
};

/** NDJSON, made as it is read. */
export const deviceLines = (
  devices: number,
  deviceOf: (index: number) => BenchDevice = benchDevice,
): ReadableStream =>
  Readable.toWeb(Readable.from(chunks(devices, deviceOf), { objectMode: false })) as ReadableStream;
