/** Huawei’s answers with their outcomes. */
import type { Outcome } from '../adapter.js';
import { empty, html, json, type Sample } from '../vendor-samples.js';
import { TOKEN } from './example.js';

export { example } from './example.js';
export { messages } from './message-samples.js';
export { recalled } from './recall-samples.js';

const BAD = 'IQAAAExampleTokenThatHuaweiListsAsIllegal0000000000000000000000000000001';
const OTHER = 'IQAAAExampleTokenThatHuaweiListsAsIllegal0000000000000000000000000000002';
const targets = [{ token: TOKEN }, { token: BAD }];
const REQUEST_ID = '157440955549500001002006';

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
  whole('flow control', [503, '80300099', 'Flow control'], { ...trouble, cause: 'rate' }),
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
    outcomes: each({ ...trouble, reason: 'http-503', cause: 'rate' }),
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
