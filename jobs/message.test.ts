import { expect } from 'chai';
import { Types } from 'mongoose';
import type { TaskMessage } from '../models/task.js';
import { newTaskId } from '../models/task.js';
import { localeFor, localesOf, messageFor } from './message.js';

const NOW_MS = Date.parse('2026-01-01T12:00:00Z');
const SECOND_MS = 1_000;
const HOUR_SECONDS = 3_600;
const inSeconds = (seconds: number): Date => new Date(NOW_MS + seconds * SECOND_MS);

const VENDOR = {
  name: 'fcm',
  limits: { payloadBytes: 4_096, targetsPerRequest: 1, maxStoreSeconds: 28 * 86_400 },
};
const message = (change: Partial<TaskMessage> = {}): TaskMessage => ({
  title: 'Hello',
  body: 'World',
  silent: false,
  priority: 'high',
  purpose: 'service',
  ...change,
});
const task = (change: Partial<Parameters<typeof messageFor>[0]> = {}) => ({
  _id: newTaskId(),
  message: message(),
  createdAt: inSeconds(0),
  expiresAt: inSeconds(HOUR_SECONDS),
  ...change,
});
const composed = (
  change: Partial<Parameters<typeof messageFor>[0]>,
  variant: Parameters<typeof messageFor>[2] = { locale: '' },
) => messageFor(task(change), VENDOR, variant, NOW_MS);

const LOCALIZED = {
  de: { title: 'Hallo', body: 'Welt' },
  'de-AT': { title: 'Servus' },
  'zh-Hant': { title: '你好' },
};

describe('localeFor', () => {
  const rows: [string | undefined, string][] = [
    ['de', 'de'],
    ['de-AT', 'de-AT'],
    ['de-CH', 'de'],
    ['de-AT-1996', 'de-AT'],
    ['zh-Hant-TW', 'zh-Hant'],
    ['zh-Hans-CN', ''],
    ['d', ''],
    ['fr', ''],
    ['constructor', ''],
    ['', ''],
    [undefined, ''],
  ];
  for (const [locale, text] of rows) {
    it(`gives ${locale ?? 'a device without a locale'} the ${text || 'default'} text`, () => {
      expect(localeFor(LOCALIZED, locale)).to.equal(text);
    });
  }

  it('gives everybody the default text when there is no other', () => {
    expect(localeFor(undefined, 'de')).to.equal('');
  });
});

describe('localesOf', () => {
  it('names the default text first, and then every other', () => {
    expect(localesOf(message({ localized: LOCALIZED }))).to.deep.equal([
      '',
      'de',
      'de-AT',
      'zh-Hant',
    ]);
    expect(localesOf(message())).to.deep.equal(['']);
  });
});

describe('messageFor', () => {
  it('carries ids of the task that are short enough for every vendor', () => {
    const _id = newTaskId();
    const { taskId, dedupeId } = composed({ _id });
    expect(taskId).to.equal(_id.toHexString());
    expect(dedupeId).to.match(/^[A-Za-z0-9_-]{16}$/);
    expect(Buffer.from(dedupeId, 'base64url').toString('hex')).to.equal(taskId);
  });

  it('lays the text of a locale over the default one, field by field', () => {
    const given = { message: message({ localized: LOCALIZED }) };
    expect(composed(given)).to.include({ title: 'Hello', body: 'World' });
    expect(composed(given, { locale: 'de' })).to.include({ title: 'Hallo', body: 'Welt' });
    expect(composed(given, { locale: 'de-AT' })).to.include({ title: 'Servus', body: 'World' });
    expect(composed(given, { locale: 'de' })).not.to.have.property('localized');
  });

  it('lays the data of an account over the data of the task', () => {
    const given = { message: message({ data: { code: '0', kind: 'login' } }) };
    const variant = { locale: '', data: { code: '42' } };
    expect(composed(given, variant).data).to.deep.equal({ code: '42', kind: 'login' });
    expect(composed({}, variant).data).to.deep.equal({ code: '42' });
    expect(composed(given).data).to.deep.equal({ code: '0', kind: 'login' });
    expect(composed({})).not.to.have.property('data');
    expect(given.message.data).to.deep.equal({ code: '0', kind: 'login' });
  });

  it('hands a vendor its own overrides and nobody else’s', () => {
    const overrides = { fcm: { ttl: '3s' }, apns: { sound: 'a' } };
    expect(composed({ message: message({ overrides }) }).overrides).to.deep.equal({ ttl: '3s' });
    const { apns } = overrides;
    expect(composed({ message: message({ overrides: { apns } }) })).not.to.have.property(
      'overrides',
    );
  });

  it('names the push of a recall as that was named', () => {
    const recallOf = new Types.ObjectId();
    const { taskId, dedupeId } = composed({ recallOf });
    expect(taskId).to.equal(recallOf.toHexString());
    expect(dedupeId).to.equal(Buffer.from(recallOf.id).toString('base64url'));
  });

  describe('storeSeconds', () => {
    const rows: [string, Partial<Parameters<typeof messageFor>[0]>, number][] = [
      ['what is left until the task expires', {}, HOUR_SECONDS],
      ['less the later it is sent', { expiresAt: inSeconds(59.9) }, 59],
      ['zero when the caller says now or never', { message: message({ storeSeconds: 0 }) }, 0],
      [
        'the caller’s own, counted from the task’s beginning',
        { message: message({ storeSeconds: 600 }), createdAt: inSeconds(-100) },
        500,
      ],
      [
        'the caller’s own, counted from the scheduled instant',
        {
          message: message({ storeSeconds: 600 }),
          createdAt: inSeconds(-9_999),
          scheduledAt: inSeconds(-100),
        },
        500,
      ],
      [
        'the caller’s own also beyond the end of our trying',
        { message: message({ storeSeconds: 2 * HOUR_SECONDS }) },
        2 * HOUR_SECONDS,
      ],
      ['never zero by running out', { expiresAt: inSeconds(0.2) }, 1],
      ['never negative', { message: message({ storeSeconds: 5 }), createdAt: inSeconds(-9) }, 1],
      [
        'no more than the vendor keeps',
        { expiresAt: inSeconds(100 * 86_400) },
        VENDOR.limits.maxStoreSeconds,
      ],
    ];
    for (const [name, given, seconds] of rows) {
      it(`is ${name}`, () => {
        expect(composed(given).storeSeconds).to.equal(seconds);
      });
    }
  });
});
