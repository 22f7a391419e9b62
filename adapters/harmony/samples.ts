/** Huawei's answers with their outcomes, and messages with the requests they become. */
import { generateKeyPairSync } from 'node:crypto';
import type { Outcome } from '../adapter.js';
import {
  empty,
  html,
  json,
  type MessageSample,
  type Sample,
  type VendorExample,
} from '../vendor-samples.js';

const TOKEN = 'MAMzLgExampleTokenOfAPhoneThatNobodyOwnsAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1';
const BAD = 'IQAAAExampleTokenThatHuaweiListsAsIllegal0000000000000000000000000000001';
const OTHER = 'IQAAAExampleTokenThatHuaweiListsAsIllegal0000000000000000000000000000002';
const targets = [{ token: TOKEN }, { token: BAD }];
const REQUEST_ID = '157440955549500001002006';

let madeKey: string | undefined;
const privateKey = (): string => {
  madeKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  return madeKey;
};

export const example: VendorExample = {
  settings: () => ({
    serviceAccount: {
      project_id: '736430079244623456',
      key_id: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
      private_key: privateKey(),
      sub_account: '114840999',
      auth_uri: 'https://oauth-login.cloud.huawei.com/oauth2/v3/authorize',
      token_uri: 'https://oauth-login.cloud.huawei.com/oauth2/v3/token',
    },
    categories: { service: 'EXPRESS', offers: 'MARKETING' },
  }),
  token: TOKEN,
};

const answer = (status: number, code: string, msg: unknown) =>
  json(status, {
    code,
    msg: typeof msg === 'string' ? msg : JSON.stringify(msg),
    requestId: REQUEST_ID,
  });

const listing = (reasons: Readonly<Record<string, readonly string[]>>) => {
  const failure = Object.values(reasons).flat().length;
  return { illegalTokens: reasons, success: targets.length - failure, failure };
};

const accepted: Outcome = { kind: 'accepted', messageId: REQUEST_ID };
const trouble = { kind: 'try-later', afterMs: 10_000, mayHaveArrived: true, cause: 'vendor' };

/** Every target gets the same. */
const whole = (
  name: string,
  [status, code, msg]: readonly [number, string, unknown],
  outcome: Readonly<Record<string, unknown>>,
): Sample => {
  const each = { reason: code, ...outcome } as Outcome;
  return { name, reply: answer(status, code, msg), targets, outcomes: [each, each] };
};

/** One token was refused for a reason of its own, the other was taken. */
const partial = (
  name: string,
  key: string,
  outcome: Readonly<Record<string, unknown>>,
): Sample => ({
  name,
  reply: answer(200, '80100000', listing({ [key]: [BAD] })),
  targets,
  outcomes: [accepted, { reason: key.replaceAll(' ', ''), ...outcome } as Outcome],
});

const message = (detail: string) => ({ kind: 'message-refused', detail });
const account = (detail: string) => ({ kind: 'account-refused', detail });
const gone = { kind: 'token-gone' };
const suspect = { kind: 'token-gone', ambiguous: true };

const byToken: readonly Sample[] = [
  partial('a malformed token', 'tokenFormatError', gone),
  partial('a token of another project', 'noRight', suspect),
  partial('a token of another platform', 'tokenPlatformNotSupport', gone),
  partial(
    'no right to this push type',
    'noPushTypeRight',
    message('The project has no right to this push type: ask Huawei for it'),
  ),
  partial(
    'no right to this scene',
    'noRightToSendThisLiveNotificationEvent',
    message('The project has no right to this live view event: ask Huawei for it'),
  ),
  partial(
    'an app without voice broadcasts',
    'notSupportPlayVoice',
    message('The app does not take voice broadcasts'),
  ),
  partial(
    'an atomic service',
    'atomicUnableSendUnsubscribedMsg',
    message('An atomic service takes subscribed messages of some scenes only'),
  ),
  partial(
    'a country that is not served',
    'countryNotSupport',
    message('Huawei does not push to this country'),
  ),
  partial(
    'a penalty',
    'disableSendHuaweiMsgBecauseOfPenalty',
    account('Huawei has barred the app from sending'),
  ),
  partial(
    'an image that was checked for another push type',
    'differentImgVerifyPolicy',
    message('The image was checked for another push type'),
  ),
  partial(
    'an app that is not there yet',
    'appinfoError',
    account('Huawei does not know the app: create it in AppGallery Connect'),
  ),
  partial('a key with blanks in it', ' token Format Error ', gone),
  partial(
    'a reason that Huawei added since',
    'moonPhaseWrong',
    message('Huawei refuses the token for a reason unknown to us'),
  ),
  {
    name: 'a reason that is no word',
    reply: answer(200, '80100000', listing({ '<b>': [BAD] })),
    targets,
    outcomes: [
      accepted,
      {
        kind: 'message-refused',
        reason: 'unknown-token-reason',
        detail: 'Huawei refuses the token for a reason unknown to us',
      },
    ],
  },
  {
    name: 'a partial success in plain text, which does not say who got it',
    reply: answer(200, '80100000', 'Some tokens are invalid'),
    targets,
    outcomes: [
      { ...trouble, reason: '80100000', cause: 'device' } as Outcome,
      { ...trouble, reason: '80100000', cause: 'device' } as Outcome,
    ],
  },
  {
    name: 'no token is valid, each with its reason',
    reply: answer(400, '80300007', listing({ tokenFormatError: [OTHER], noRight: [BAD] })),
    targets: [{ token: OTHER }, { token: BAD }],
    outcomes: [
      { kind: 'token-gone', reason: 'tokenFormatError' },
      { kind: 'token-gone', reason: 'noRight', ambiguous: true },
    ],
  },
  whole(
    'no token is valid, in plain text',
    [400, '80300007', 'All the tokens are invalid'],
    suspect,
  ),
];

const byCode: readonly Sample[] = [
  {
    name: 'Huawei took it for all',
    reply: answer(200, '80000000', 'Success'),
    targets,
    outcomes: [accepted, accepted],
  },
  {
    name: 'Huawei took it, with the code as a number',
    reply: json(200, { code: 80000000, msg: 'Success', requestId: REQUEST_ID }),
    targets,
    outcomes: [accepted, accepted],
  },
  whole(
    'a wrong parameter',
    [400, '80100001', 'Incorrect message structure: ttl'],
    message('A parameter is wrong (Incorrect message structure: ttl)'),
  ),
  whole(
    'a wrong payload',
    [400, '80100003', 'Illegal payload, clickAction is mandatory'],
    message('The structure of the payload is wrong (Illegal payload, clickAction is mandatory)'),
  ),
  whole('a wrong ttl', [400, '80100004', ''], message('The storage time is wrong')),
  whole(
    'an image that was not checked',
    [400, '80100022', ''],
    message('The image has not passed Huawei’s check: leave it out'),
  ),
  {
    ...whole(
      'an OAuth token, or the wrong project',
      [401, '80200001', 'OAuth authentication error'],
      account(
        'Huawei refuses a freshly signed token: check serviceAccount, its project, and the clock of this machine',
      ),
    ),
    stale: 'credential',
  },
  {
    ...whole(
      'an expired token',
      [401, '80200005', 'OAuth token expired'],
      account('Huawei calls a freshly signed token expired: check the clock of this machine'),
    ),
    stale: 'credential',
  },
  whole(
    'a disabled app',
    [401, '80200006', 'disabled'],
    account('Huawei has disabled the app or its credential'),
  ),
  whole(
    'no permission',
    [400, '80300002', 'No permission to send message to these tokens'],
    account(
      'No permission to push: enable Push Kit, and check that serviceAccount is of the app’s project',
    ),
  ),
  whole(
    'a body above 4096 bytes',
    [400, '80300008', ''],
    message('The message is larger than 4096 bytes without tokens'),
  ),
  whole(
    'too many tokens',
    [400, '80300010', ''],
    message('Too many tokens in one request: a fault of the gateway'),
  ),
  whole('too many tests', [400, '80300029', ''], {
    kind: 'try-later',
    afterMs: 60_000,
    cause: 'vendor',
  }),
  whole(
    'too many tokens in a test',
    [400, '80300030', ''],
    message('Too many tokens in one test request: a fault of the gateway'),
  ),
  whole(
    'a token that lives too long',
    [400, '80300036', ''],
    account('The signed token lives longer than a day: check the clock of this machine'),
  ),
  whole(
    'a penalty on the whole app',
    [400, '80300037', ''],
    account('Huawei has barred the app from sending'),
  ),
  whole('an internal error', [500, '81000001', 'Internal error'], trouble),
  whole('an internal error that says 200', [200, '81000001', 'Internal error'], trouble),
  whole('flow control', [503, '80300099', 'Flow control'], trouble),
  whole(
    'a code that Huawei added since',
    [400, '80999999', 'The moon is wrong'],
    message('Huawei gives a code unknown to us (The moon is wrong)'),
  ),
];

const each = (outcome: Readonly<Record<string, unknown>>): Outcome[] =>
  targets.map(() => outcome as Outcome);

const byStatus: readonly Sample[] = [
  {
    name: 'a front end’s page',
    reply: html(502),
    targets,
    outcomes: each({ ...trouble, reason: 'http-502' }),
  },
  {
    name: 'flow control without a code',
    reply: empty(503),
    targets,
    outcomes: each({ ...trouble, reason: 'http-503' }),
  },
  {
    name: 'a page that says 200, but is not Huawei’s',
    reply: html(200),
    targets,
    outcomes: each({ ...trouble, reason: 'http-200' }),
  },
  {
    name: 'a proxy’s page that says no',
    reply: html(403),
    targets,
    outcomes: each({ kind: 'try-later', reason: 'http-403', afterMs: 10_000, cause: 'vendor' }),
  },
  {
    name: 'a wrong address',
    reply: empty(404),
    targets,
    outcomes: each({
      kind: 'account-refused',
      reason: 'http-404',
      detail: 'Huawei knows no such address: check endpoint and serviceAccount.project_id',
    }),
  },
  {
    name: 'unauthorized without a code',
    reply: empty(401),
    targets,
    outcomes: each({
      kind: 'account-refused',
      reason: '80200001',
      detail:
        'Huawei refuses a freshly signed token: check serviceAccount, its project, and the clock of this machine',
    }),
    stale: 'credential',
  },
];

export const samples: readonly Sample[] = [...byToken, ...byCode, ...byStatus];

const path = '/v3/736430079244623456/messages:send';
const target = { token: [TOKEN] };
const pushOptions = { ttl: 3600, biTag: 'fzpl8cLT5LWml4h3' };
const notification = {
  category: 'EXPRESS',
  title: 'Your parcel is here',
  body: 'Pick it up until Friday',
  clickAction: { actionType: 0 },
  appMessageId: 'fzpl8cLT5LWml4h3',
  // From the task id.
  notifyId: 1_280_171_406,
};

export const messages: readonly MessageSample[] = [
  {
    name: 'an ordinary notification',
    message: { badge: 3, data: { order: '42' }, sound: 'parcel.mp3' },
    request: {
      path,
      headers: { 'push-type': '0', 'content-type': 'application/json' },
      body: {
        payload: {
          notification: {
            ...notification,
            clickAction: { actionType: 0, data: { order: '42' } },
            badge: { setNum: 3 },
            sound: 'parcel.mp3',
          },
        },
        pushOptions,
        target,
      },
    },
  },
  {
    name: 'an image, a deep link and a purpose that is marketing, and so has no sound',
    message: {
      purpose: 'offers',
      image: 'https://cdn.example.com/sale.png',
      url: 'shop://offers/7',
      sound: 'cash.mp3',
      storeSeconds: 0,
    },
    settings: { receiptId: 'RCP1' },
    request: {
      path,
      body: {
        payload: {
          notification: {
            ...notification,
            category: 'MARKETING',
            clickAction: { actionType: 1, uri: 'shop://offers/7' },
            image: 'https://cdn.example.com/sale.png',
          },
        },
        pushOptions: { ...pushOptions, ttl: 1, receiptId: 'RCP1' },
        target,
      },
    },
  },
  {
    name: 'a silent message hands its data to the app, and needs no category',
    message: { silent: true, purpose: 'unmapped', data: { sync: 'orders' } },
    request: {
      path,
      headers: { 'push-type': '6' },
      body: { payload: { extraData: '{"sync":"orders"}' }, pushOptions, target },
    },
  },
  {
    name: 'a badge alone',
    message: { title: undefined, body: undefined, badge: 9, purpose: 'unmapped' },
    request: {
      path,
      headers: { 'push-type': '0' },
      body: { payload: { notification: { badge: { setNum: 9 } } }, pushOptions, target },
    },
  },
  {
    name: 'a card is refreshed',
    message: {
      silent: true,
      overrides: {
        pushType: 'form',
        form: {
          formId: 423_434_262,
          version: 123_456,
          moduleName: 'entry',
          formName: 'widget',
          abilityName: 'EntryFormAbility',
          formData: { parcels: '2' },
        },
      },
    },
    request: {
      path,
      headers: { 'push-type': '1' },
      body: {
        payload: {
          formId: 423_434_262,
          version: 123_456,
          moduleName: 'entry',
          formName: 'widget',
          abilityName: 'EntryFormAbility',
          formData: { parcels: '2' },
        },
        pushOptions,
        target,
      },
    },
  },
  {
    name: 'a voice broadcast has a category of its own',
    message: {
      purpose: 'unmapped',
      data: { amount: '12' },
      overrides: { pushType: 'voiceBroadcast' },
    },
    request: {
      path,
      headers: { 'push-type': '2' },
      body: {
        payload: {
          notification: {
            ...notification,
            category: 'PLAY_VOICE',
            clickAction: { actionType: 0, data: { amount: '12' } },
          },
          extraData: '{"amount":"12"}',
        },
        pushOptions,
        target,
      },
    },
  },
  {
    name: 'a live view is updated',
    message: {
      overrides: {
        pushType: 'liveView',
        liveView: {
          activityId: 1,
          operation: 1,
          event: 'DELIVERY',
          status: 'DELIVERING',
          version: 2,
          activityData: { notificationData: { type: 3 } },
        },
      },
    },
    request: {
      path,
      headers: { 'push-type': '7' },
      body: {
        payload: {
          activityId: 1,
          operation: 1,
          event: 'DELIVERY',
          status: 'DELIVERING',
          version: 2,
          activityData: { notificationData: { type: 3 } },
        },
        pushOptions,
        target,
      },
    },
  },
  {
    name: 'a call rings for a minute at most',
    message: { overrides: { pushType: 'call', extraData: 'from Ada' } },
    request: {
      path,
      headers: { 'push-type': '10' },
      body: {
        payload: { extraData: 'from Ada' },
        pushOptions: { ...pushOptions, ttl: 60 },
        target,
      },
    },
  },
  {
    name: 'a purpose that is not mapped',
    message: { purpose: 'news' },
    problems: [{ code: 'PURPOSE_NOT_MAPPED', field: 'categories.news' }],
  },
  {
    name: 'a purpose named like a member of every object',
    message: { purpose: 'constructor' },
    problems: [{ code: 'PURPOSE_NOT_MAPPED', field: 'categories.constructor' }],
  },
  {
    name: 'a notification without a title',
    message: { title: undefined },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.title' }],
  },
  {
    name: 'a badge above 99',
    message: { badge: 100 },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.badge' }],
  },
  {
    name: 'a sound with marketing',
    message: { purpose: 'offers', overrides: { sound: 'cash.mp3' } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.harmony.sound' }],
  },
  {
    name: 'a card refresh that is not silent and brings no card',
    message: { overrides: { pushType: 'form' } },
    problems: [
      { code: 'MESSAGE_INVALID', field: 'message.overrides.harmony.pushType' },
      { code: 'MESSAGE_INVALID', field: 'message.overrides.harmony.form' },
    ],
  },
  {
    name: 'a group for a push that has none',
    message: { silent: true, overrides: { collapseKey: 5 } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.harmony.collapseKey' }],
  },
  {
    name: 'lines without the style for lines',
    message: { overrides: { style: 0, inboxContent: ['one', 'two'] } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.harmony.style' }],
  },
  {
    name: '1,400 Chinese characters are more than 4,096 bytes',
    message: { body: '信'.repeat(1400) },
    problems: [{ code: 'PAYLOAD_TOO_LARGE', field: 'message.body' }],
  },
];
