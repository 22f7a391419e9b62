// Every folder beside this file is a vendor, and keeps these promises without anybody listing it here.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import Joi from 'joi';
import { anyReply } from '../test/support/any-reply.js';
import { credentialCache, fakeNetwork, untilAborted } from '../test/support/fake-network.js';
import {
  type Transport,
  TransportError,
  type TransportFault,
  type TransportReply,
  type TransportRequest,
} from '../transport/transport.js';
import type { Adapter, Message, Outcome, OutcomeKind, Target, Vendor } from './adapter.js';
import type { StaleCredential } from './http-adapter.js';
import { loadVendor, vendorNames } from './index.js';
import {
  json,
  messageOf,
  type RecallSample,
  SAMPLED_AT_MS,
  type Sample,
  type VendorSamples,
} from './vendor-samples.js';

type Read = (reply: TransportReply, targets: readonly Target[]) => Outcome[] | StaleCredential;

/** `read.ts` of a vendor with HTTP. */
interface ReadModule {
  readonly read: Read;
  /** The vendor's own codes that may condemn a token. */
  readonly TOKEN_GONE_CODES: readonly string[];
}

const OUTCOME_KINDS: readonly OutcomeKind[] = [
  'accepted',
  'token-gone',
  'message-refused',
  'account-refused',
  'try-later',
];
/** What a request that ends in each fault costs, and whether the push may have arrived. */
const FAULTS: Readonly<Record<TransportFault, { kind: OutcomeKind; mayHaveArrived: boolean }>> = {
  connect: { kind: 'try-later', mayHaveArrived: false },
  forbidden: { kind: 'account-refused', mayHaveArrived: false },
  refused: { kind: 'try-later', mayHaveArrived: false },
  reset: { kind: 'try-later', mayHaveArrived: true },
  timeout: { kind: 'try-later', mayHaveArrived: true },
  aborted: { kind: 'try-later', mayHaveArrived: true },
  late: { kind: 'try-later', mayHaveArrived: false },
  'reply-too-large': { kind: 'try-later', mayHaveArrived: true },
  closed: { kind: 'try-later', mayHaveArrived: false },
  invalid: { kind: 'message-refused', mayHaveArrived: false },
};

const outcomesOf = (answer: Outcome[] | StaleCredential): Outcome[] =>
  Array.isArray(answer) ? answer : answer.otherwise;

/** What people read of an outcome; a message id is the vendor's and opaque. */
const wordsOf = (outcome: Outcome): string =>
  'reason' in outcome
    ? `${outcome.reason} ${'detail' in outcome ? (outcome.detail ?? '') : ''}`
    : '';

const targetsOf = (token: string, count: number): Target[] =>
  Array.from({ length: count }, () => ({ token }));

describe('adapters', () => {
  it('are found by their folders', () => {
    expect(vendorNames).to.include.members(['sandbox']);
  });

  for (const name of vendorNames) {
    describe(name, () => {
      let vendor: Vendor;
      let given: VendorSamples;
      let reading: ReadModule | undefined;

      before(async () => {
        vendor = await loadVendor(name);
        given = (await import(`./${name}/samples.js`)) as VendorSamples;
        if (!given.example.withoutHttp) {
          reading = (await import(`./${name}/read.js`)) as ReadModule;
        }
      });

      const settings = (over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
        Joi.attempt({ ...given.example.settings(), ...over }, vendor.settings);
      const open = (transport: Transport): Adapter =>
        vendor.open(settings(), {
          transport,
          credentials: credentialCache(),
          now: () => SAMPLED_AT_MS,
        });
      /** The adapter, with a far end that is this function. */
      const against = (answer: (request: TransportRequest) => Promise<TransportReply>) => {
        const { transport, pushes } = fakeNetwork(answer, given.example.credentialReplies);
        return { adapter: open(transport), pushes };
      };
      const never = new AbortController().signal;
      const withSamples = function* (filter: (sample: Sample) => boolean = () => true) {
        yield* given.samples.filter(filter);
      };

      describe('definition', () => {
        it('is named like its folder and has a README and samples', () => {
          expect(vendor.name).to.equal(name);
          for (const file of ['README.md', 'samples.ts', 'index.ts']) {
            expect(existsSync(join(import.meta.dirname, name, file)), file).to.be.true;
          }
        });

        it('refuses unknown settings and overrides, and names them', () => {
          const refused = vendor.settings.validate({ ...given.example.settings(), surprise: 1 });
          expect(refused.error?.message).to.include('surprise');
          expect(vendor.overrides.validate({ surprise: 1 }).error?.message).to.include('surprise');
        });

        it('takes the settings of its example, and no overrides at all', () => {
          expect(settings()).to.be.an('object');
          expect(vendor.overrides.validate({}).error).to.be.undefined;
        });

        it('keeps as secrets only keys that its settings have', () => {
          const described = vendor.settings.describe() as { keys?: Record<string, unknown> };
          expect(vendor.secrets).to.be.an('array').that.is.not.empty;
          expect(described.keys).to.include.all.keys([...vendor.secrets]);
        });

        it('leaves the name of the rate to the gateway, and paces at more than nothing', () => {
          const described = vendor.settings.describe() as { keys?: Record<string, unknown> };
          expect(described.keys).not.to.have.property('ratePerSecond');
          for (const [name, value] of Object.entries(vendor.pacing ?? {})) {
            expect(value, name).to.be.a('number').above(0);
          }
        });

        it('has limits above zero', () => {
          for (const [limit, value] of Object.entries(vendor.limits)) {
            expect(value, limit).to.be.a('number').above(0);
            expect(Number.isSafeInteger(value), limit).to.be.true;
          }
        });

        it('has a token schema that takes its probe and its example, and refuses nothing at all', () => {
          expect(vendor.token.validate(vendor.probeToken).error).to.be.undefined;
          expect(vendor.token.validate(given.example.token).error).to.be.undefined;
          expect(vendor.token.required().validate('').error).to.be.an('error');
          expect(vendor.probeToken).not.to.equal(given.example.token);
        });

        it('finds nothing wrong with an ordinary message', () => {
          expect(vendor.check(messageOf(), settings())).to.deep.equal([]);
        });

        it('names the field of a message that is too large, with the numbers', () => {
          const body = 'x'.repeat(vendor.limits.payloadBytes + 1);
          const [problem] = vendor.check(messageOf({ body }), settings());
          expect(problem).to.include({ code: 'PAYLOAD_TOO_LARGE' });
          expect(problem?.field).to.match(/^message/);
          expect(problem?.detail).to.include(String(vendor.limits.payloadBytes));
        });

        it('counts a message by the same bytes, if it counts at all', () => {
          const large = messageOf({ body: 'x'.repeat(vendor.limits.payloadBytes + 1) });
          const bytes = vendor.payloadBytes?.(large, settings());
          if (bytes == null) return;
          const [problem] = vendor.check(large, settings());
          expect(problem?.detail).to.include(String(bytes));
          expect(vendor.payloadBytes?.(messageOf(), settings())).to.be.within(
            1,
            vendor.limits.payloadBytes,
          );
        });
      });

      describe('samples', () => {
        it('show each of the five outcomes', () => {
          const shown = new Set(
            given.samples.flatMap(({ outcomes }) => outcomes.map((o) => o.kind)),
          );
          expect([...shown]).to.have.members([...OUTCOME_KINDS]);
        });

        it('hold tokens that the schema takes, and names used once', () => {
          for (const sample of withSamples()) {
            for (const { token } of sample.targets) {
              expect(vendor.token.validate(token).error, sample.name).to.be.undefined;
            }
          }
          const names = given.samples.map((sample) => sample.name);
          expect(new Set(names).size).to.equal(names.length);
        });

        it('are read as they say', function () {
          if (!reading) return expectWithoutHttp(given);
          for (const { name: about, reply, targets, outcomes, stale } of withSamples()) {
            const answer = reading.read(reply!, targets);
            expect(outcomesOf(answer), about).to.deep.equal(outcomes);
            expect(
              Array.isArray(answer) ? undefined : (answer.newConnection ?? false),
              about,
            ).to.equal(stale ? stale === 'credential-and-connection' : undefined);
          }
        });

        it('come out of the adapter as they say, in order and one for each target', async () => {
          for (const { name: about, reply, targets, outcomes, stale } of withSamples()) {
            const { adapter, pushes } = against(async () => reply!);
            const heard: Outcome[] = [];
            const answered = await adapter.send(messageOf(), targets, never, (index, outcome) => {
              expect(heard[index], `${about}: heard once`).to.be.undefined;
              heard[index] = outcome;
            });
            expect(answered, about).to.deep.equal(outcomes);
            expect(heard, about).to.deep.equal(answered);
            if (reply) expect(pushes, about).to.have.length(stale ? 2 : 1);
            await adapter.close?.();
          }
        });

        it('show a page that is not the vendor’s, and it costs a later try only', () => {
          if (!reading) return expectWithoutHttp(given);
          const pages = [
            ...withSamples(({ reply }) => reply?.body.subarray(0, 9).toString() === '<!DOCTYPE'),
          ];
          expect(pages).not.to.be.empty;
          for (const { outcomes } of pages) {
            for (const outcome of outcomes) expect(outcome.kind).to.equal('try-later');
          }
        });
      });

      describe('messages', () => {
        it('become the requests and problems that the samples say', async () => {
          for (const sample of given.messages ?? []) {
            const message = messageOf(sample.message);
            const overrides = vendor.overrides.validate(message.overrides ?? {});
            if ('problems' in sample) {
              const problems = vendor.check(message, settings(sample.settings));
              expect(
                problems.map(({ code, field }) => ({ code, field })),
                sample.name,
              ).to.deep.equal(sample.problems);
              for (const { detail } of problems) expect(detail).to.match(/^[A-Z`"].*[^.]$/s);
              continue;
            }
            expect(overrides.error, sample.name).to.be.undefined;
            expect(vendor.check(message, settings(sample.settings)), sample.name).to.deep.equal([]);
            const request = await requestOf(message, sample.settings);
            expect(request.path, sample.name).to.equal(sample.request.path);
            expect(JSON.parse(request.body.toString()), sample.name).to.deep.equal(
              sample.request.body,
            );
            expect(request.headers, sample.name).to.include(sample.request.headers ?? {});
          }
        });

        const requestOf = async (
          message: Message,
          over: Readonly<Record<string, unknown>> | undefined,
        ): Promise<TransportRequest> => {
          const { transport, pushes } = fakeNetwork(
            async () => given.samples[0]!.reply!,
            given.example.credentialReplies,
          );
          const deps = { transport, credentials: credentialCache(), now: () => SAMPLED_AT_MS };
          await vendor
            .open(settings(over), deps)
            .send(message, targetsOf(given.example.token, 1), never);
          return pushes[0]!;
        };
      });

      describe('recall', () => {
        const recallOf = (sample: RecallSample) => ({
          message: messageOf(sample.message),
          replaces: sample.replaces ?? false,
        });
        const possible = () =>
          (given.recalled ?? []).flatMap((sample) => ('manner' in sample ? sample : []));
        const taken = (sample: RecallSample, transport: Transport) => {
          const deps = { transport, credentials: credentialCache(), now: () => SAMPLED_AT_MS };
          return vendor.open(settings(sample.settings), deps);
        };

        it('is described, offered and shown by samples together, or not at all', async () => {
          const { adapter } = against(async () => json(200, {}));
          const isShown = given.recalled != null;
          expect(vendor.recalls != null, 'recalls').to.equal(isShown);
          expect(adapter.recall != null, 'recall').to.equal(isShown);
          if (isShown) expect(possible()).not.to.be.empty;
          await adapter.close?.();
        });

        it('is possible in the manner, or impossible for the reason, that the samples say', () => {
          for (const sample of given.recalled ?? []) {
            const manner = vendor.recalls?.(recallOf(sample), settings(sample.settings));
            const told = 'manner' in sample ? sample.manner : { reason: sample.reason };
            expect(manner, sample.name).to.deep.equal(told);
            if ('reason' in sample) expect(sample.reason).to.match(/^[a-z]+(-[a-z]+)*$/);
          }
        });

        it('sends what the samples say, and gives each target its outcome in order', async () => {
          for (const sample of possible()) {
            const accepted = given.samples.find(({ outcomes }) => outcomes[0]?.kind === 'accepted');
            const { transport, pushes } = fakeNetwork(
              async () => accepted!.reply!,
              given.example.credentialReplies,
            );
            const adapter = taken(sample, transport);
            const heard: Outcome[] = [];
            const outcomes = await adapter.recall!(
              recallOf(sample),
              targetsOf(given.example.token, 1),
              never,
              (index, outcome) => {
                heard[index] = outcome;
              },
            );
            expect(outcomes[0], sample.name).to.have.property('kind', 'accepted');
            expect(heard, sample.name).to.deep.equal(outcomes);
            await adapter.close?.();
            if (!sample.request) {
              expectWithoutHttp(given);
              continue;
            }
            const [request] = pushes;
            expect(request?.path, sample.name).to.equal(sample.request.path);
            expect(JSON.parse(request?.body.toString() ?? ''), sample.name).to.deep.equal(
              sample.request.body,
            );
            expect(request?.headers, sample.name).to.include(sample.request.headers ?? {});
          }
        });

        it('answers all targets over a dead network, and sends nothing when already aborted', async () => {
          for (const sample of possible()) {
            const { transport, pushes } = fakeNetwork(async () => {
              throw new TransportError('timeout', 'No answer', true);
            }, given.example.credentialReplies);
            const adapter = taken(sample, transport);
            const targets = targetsOf(given.example.token, 3);
            const aborted = await adapter.recall!(recallOf(sample), targets, AbortSignal.abort());
            expect(aborted.map(({ kind }) => kind)).to.deep.equal(Array(3).fill('try-later'));
            expect(pushes, sample.name).to.deep.equal([]);
            if (sample.request) {
              const unanswered = await adapter.recall!(recallOf(sample), targets, never);
              for (const outcome of unanswered) {
                expect(outcome).to.include({ kind: 'try-later', mayHaveArrived: true });
              }
            }
            await adapter.close?.();
          }
        });
      });

      describe('a message that became too large after it was accepted', () => {
        it('is refused for all targets, and nothing is sent', async () => {
          const { adapter, pushes } = against(async () => json(200, {}));
          const body = 'x'.repeat(vendor.limits.payloadBytes + 1);
          const targets = targetsOf(given.example.token, 2);
          const outcomes = await adapter.send(messageOf({ body }), targets, never);
          expect(outcomes).to.have.length(2);
          for (const outcome of outcomes) {
            expect(outcome).to.include({ kind: 'message-refused', reason: 'PAYLOAD_TOO_LARGE' });
          }
          expect(pushes).to.deep.equal([]);
          await adapter.close?.();
        });
      });

      describe('whatever arrives', () => {
        it('gives each target one outcome, condemns no token without a code of the table, and repeats no token', function () {
          if (!reading) return expectWithoutHttp(given);
          const { read, TOKEN_GONE_CODES } = reading;
          const count = Math.min(3, vendor.limits.targetsPerRequest);
          const targets = targetsOf(given.example.token, count);
          const replies = given.samples.flatMap((sample) => sample.reply ?? []);
          fc.assert(
            fc.property(anyReply(replies, given.example.token), (arrived) => {
              const outcomes = outcomesOf(read(arrived, targets));
              expect(outcomes).to.have.length(count);
              for (const outcome of outcomes) {
                expect(OUTCOME_KINDS).to.include(outcome.kind);
                expect(wordsOf(outcome)).not.to.include(given.example.token);
                if (outcome.kind === 'try-later' && outcome.afterMs != null) {
                  expect(outcome.afterMs)
                    .to.be.a('number')
                    .within(0, 28 * 86_400_000);
                }
                if (outcome.kind === 'accepted') expect(arrived.status).to.equal(200);
                if (outcome.kind !== 'token-gone') continue;
                expect(TOKEN_GONE_CODES).to.include(outcome.reason);
                expect(arrived.body.toString()).to.include(outcome.reason);
              }
            }),
            { numRuns: 300 },
          );
        });
      });

      describe('on abort', () => {
        it('sends nothing after the moment up to which it may', async () => {
          const { adapter, pushes } = against(async () => json(200, {}));
          const message = { ...messageOf(), sendBefore: performance.now() - 1 };
          const targets = targetsOf(given.example.token, 3);
          const outcomes = await adapter.send(message, targets, new AbortController().signal);
          expect(outcomes).to.deep.equal(
            targets.map(() => ({ kind: 'try-later', reason: 'late', cause: 'turn' })),
          );
          expect(pushes).to.deep.equal([]);
        });

        it('sends nothing when it is already aborted, and resolves', async () => {
          const { adapter, pushes } = against(async () => json(200, {}));
          const targets = targetsOf(given.example.token, 3);
          const outcomes = await adapter.send(messageOf(), targets, AbortSignal.abort());
          expect(outcomes).to.have.length(3);
          for (const outcome of outcomes) {
            expect(outcome).to.include({ kind: 'try-later', cause: 'vendor' });
            expect(outcome).not.to.have.property('mayHaveArrived');
          }
          expect(pushes).to.deep.equal([]);
          await adapter.close?.();
        });

        it('says of unanswered targets that they may have got it', async () => {
          const abort = new AbortController();
          const { adapter } = against(async (request) => {
            queueMicrotask(() => abort.abort());
            return untilAborted(request.signal);
          });
          const token = given.example.withoutHttp?.slowToken ?? given.example.token;
          const sending = adapter.send(messageOf(), targetsOf(token, 3), abort.signal);
          if (given.example.withoutHttp) setImmediate(() => abort.abort());
          const outcomes = await sending;
          expect(outcomes).to.have.length(3);
          for (const outcome of outcomes) expect(outcome.kind).to.equal('try-later');
          expect(outcomes[0]).to.include({ mayHaveArrived: true, cause: 'vendor' });
          await adapter.close?.();
        });
      });

      describe('over a dead network', () => {
        for (const [fault, { kind, mayHaveArrived }] of Object.entries(FAULTS)) {
          it(`answers all targets when every request ends in ${fault}`, async () => {
            if (!reading) return expectWithoutHttp(given);
            const { adapter } = against(async () => {
              throw new TransportError(fault as TransportFault, 'No answer', mayHaveArrived);
            });
            const targets = targetsOf(given.example.token, 3);
            const outcomes = await adapter.send(messageOf(), targets, never);
            expect(outcomes).to.have.length(3);
            for (const outcome of outcomes) {
              expect(outcome.kind).to.equal(kind);
              if (mayHaveArrived) expect(outcome).to.include({ mayHaveArrived: true });
              else expect(outcome).not.to.have.property('mayHaveArrived');
              expect(wordsOf(outcome)).not.to.include(given.example.token);
            }
            await adapter.close?.();
          });
        }
      });
    });
  }
});

/** An exception to the contract stands in the samples with its reason, or the test fails. */
const expectWithoutHttp = ({ example }: VendorSamples): void => {
  expect(example.withoutHttp?.why).to.be.a('string').that.is.not.empty;
};
