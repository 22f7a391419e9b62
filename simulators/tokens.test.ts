/** The makers of tokens: what they make looks real and tells its answer. */
import { expect } from 'chai';
import { APNS_ANSWERS } from './apns/answers.js';
import { FCM_ANSWERS } from './fcm/answers.js';
import { HARMONY_ANSWERS } from './harmony/answers.js';
import {
  ANSWER_ROWS,
  type ApnsAnswer,
  apnsAnswerOf,
  apnsToken,
  type FcmAnswer,
  fcmAnswerOf,
  fcmToken,
  type HarmonyAnswer,
  harmonyAnswerOf,
  harmonyToken,
} from './tokens.js';

const MAKERS = [
  {
    vendor: 'fcm',
    make: (seed: string, answer?: string) => fcmToken(seed, answer as FcmAnswer),
    answerOf: fcmAnswerOf,
    answers: Object.keys(FCM_ANSWERS),
    form: /^[c-f][\w-]{21}:APA91b[\w-]{133}$/,
  },
  {
    vendor: 'apns',
    make: (seed: string, answer?: string) => apnsToken(seed, answer as ApnsAnswer),
    answerOf: apnsAnswerOf,
    answers: Object.keys(APNS_ANSWERS),
    form: /^[0-9a-f]{64}$/,
  },
  {
    vendor: 'harmony',
    make: (seed: string, answer?: string) => harmonyToken(seed, answer as HarmonyAnswer),
    answerOf: harmonyAnswerOf,
    answers: Object.keys(HARMONY_ANSWERS),
    form: /^MAMz[\w-]{104}$/,
  },
] as const;

for (const { vendor, make, answerOf, answers, form } of MAKERS) {
  describe(`a made-up token of ${vendor}`, () => {
    it('has the form of a real one', () => {
      for (const answer of [undefined, ...answers]) expect(make('x', answer)).to.match(form);
    });

    it('tells the answer it was made for, and none without', () => {
      for (const answer of answers) expect(answerOf(make('x', answer))).to.equal(answer);
      for (let seed = 0; seed < 2000; seed += 1) {
        expect(answerOf(make(String(seed)))).to.equal(undefined);
      }
    });

    it('is the same for the same seed, and another for another', () => {
      expect(make('x')).to.equal(make('x'));
      const made = Array.from({ length: 5000 }, (_, seed) =>
        make(String(seed), seed % 2 ? 'busy' : undefined),
      );
      expect(new Set(made).size).to.equal(5000);
    });

    it('begins as the table says, with a code that no other answer has', () => {
      const rows = ANSWER_ROWS[vendor];
      expect(new Set(rows.map(({ prefix }) => prefix)).size).to.equal(answers.length);
      for (const { answer, prefix } of rows)
        expect(make('x', answer)).to.satisfy((token: string) => token.startsWith(prefix));
    });
  });
}
