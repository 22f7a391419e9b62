/** Makes realistic device tokens, the same for the same seed, that tell a simulator how to answer them. */
import { createHash } from 'node:crypto';
import { ACCEPTED, type Answer } from './answers.js';
import { APNS_ANSWERS, type ApnsAnswer } from './apns/answers.js';
import { FCM_ANSWERS, type FcmAnswer } from './fcm/answers.js';
import { HARMONY_ANSWERS, type HarmonyAnswer } from './harmony/answers.js';

export type { ApnsAnswer, FcmAnswer, HarmonyAnswer };

/** Real FCM ids begin with c, d, e or f; unmarked tokens of ours only with c, d or e. */
const FCM_MARK = 'fSIMULATE-';
const FCM_ID_LENGTH = 22;
const FCM_TAIL_LENGTH = 134;

const APNS_MARK = 'face51a0';
const APNS_LENGTH = 64;

const HARMONY_MARK = 'MAMzSIM';
const HARMONY_LENGTH = 108;

const CODE_LENGTH = 2;

/** At least `length` characters that depend on the seed only. */
const scramble = (
  vendor: string,
  seed: string,
  encoding: 'hex' | 'base64url',
  length: number,
): string => {
  let text = '';
  for (let round = 0; text.length < length; round += 1) {
    text += createHash('sha256').update(`${vendor}\0${round}\0${seed}`).digest(encoding);
  }
  return text;
};

/** `<22 characters>:APA91b...`, 162 characters. */
export const fcmToken = (seed: string, answer?: FcmAnswer): string => {
  const text = scramble('fcm', seed, 'base64url', FCM_ID_LENGTH + FCM_TAIL_LENGTH);
  const head =
    answer == null
      ? 'cde'.charAt(text.charCodeAt(0) % 3)
      : `${FCM_MARK}${FCM_ANSWERS[answer].code}-`;
  const id = (head + text.slice(1)).slice(0, FCM_ID_LENGTH);
  return `${id}:APA91b${text.slice(FCM_ID_LENGTH, FCM_ID_LENGTH + FCM_TAIL_LENGTH - 1)}`;
};

/** 64 lower-case hexadecimal digits. */
export const apnsToken = (seed: string, answer?: ApnsAnswer): string => {
  const head = answer == null ? '' : `${APNS_MARK}${APNS_ANSWERS[answer].code}`;
  return (head + scramble('apns', seed, 'hex', APNS_LENGTH)).slice(0, APNS_LENGTH);
};

/** `MAMz...`, 108 characters. */
export const harmonyToken = (seed: string, answer?: HarmonyAnswer): string => {
  const head = answer == null ? 'MAMzA' : `${HARMONY_MARK}${HARMONY_ANSWERS[answer].code}`;
  return (head + scramble('harmony', seed, 'base64url', HARMONY_LENGTH)).slice(0, HARMONY_LENGTH);
};

const reader = <Name extends string>(mark: string, answers: Readonly<Record<Name, Answer>>) => {
  const names = new Map<string, Name>();
  for (const name of Object.keys(answers) as Name[]) names.set(answers[name].code, name);
  return (token: string): Name | undefined =>
    token.startsWith(mark)
      ? names.get(token.slice(mark.length, mark.length + CODE_LENGTH))
      : undefined;
};

/** The answer a token carries; undefined when it is simply accepted. */
export const fcmAnswerOf = reader(FCM_MARK, FCM_ANSWERS);
export const apnsAnswerOf = reader(APNS_MARK, APNS_ANSWERS);
export const harmonyAnswerOf = reader(HARMONY_MARK, HARMONY_ANSWERS);

export interface AnswerRow {
  readonly answer: string;
  /** What a token that gets this answer begins with. */
  readonly prefix: string;
  readonly meaning: string;
}

const rows = (mark: string, answers: Readonly<Record<string, Answer>>): AnswerRow[] =>
  Object.entries(answers)
    .map(([answer, { code, meaning }]) => ({ answer, prefix: mark + code, meaning }))
    .sort((one, other) => (one.prefix < other.prefix ? -1 : 1));

/** All answers of a vendor, for the README, the admin API and the curious. */
export const ANSWER_ROWS = {
  fcm: rows(FCM_MARK, FCM_ANSWERS),
  apns: rows(APNS_MARK, APNS_ANSWERS),
  harmony: rows(HARMONY_MARK, HARMONY_ANSWERS),
} as const;

export { ACCEPTED };
