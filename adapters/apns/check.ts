/** Finds what Apple would refuse in a message before it is sent. */
import type { Message, Problem } from '../adapter.js';
import { largestField } from '../largest-field.js';
import { compose, overridesOf, pushTypeOf, topicOf } from './compose.js';
import { collapseIdSchema, MAX_COLLAPSE_ID_BYTES, VISIBLE_OVERRIDES } from './overrides.js';
import { type PushType, type PushTypeRule, ruleOf } from './push-types.js';
import type { ApnsSettings } from './settings.js';

// https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification
export const PAYLOAD_BYTES = 4096;
const VOIP_PAYLOAD_BYTES = 5120;

const OVERRIDES = 'message.overrides.apns';

const invalid = (field: string, detail: string): Problem => ({
  code: 'MESSAGE_INVALID',
  field,
  detail,
});

const pushTypeProblems = (
  message: Message,
  pushType: PushType,
  rule: PushTypeRule,
  settings: ApnsSettings,
): Problem[] => {
  const over = overridesOf(message);
  const field = `${OVERRIDES}.pushType`;
  const problems: Problem[] = [];
  if (rule.shows === 'always' && message.silent) {
    problems.push(
      invalid(field, `Push type ${pushType} shows something, but the message is silent`),
    );
  }
  if (rule.shows === 'never' && !message.silent) {
    problems.push(invalid(field, `Push type ${pushType} shows nothing: \`silent\` must be true`));
  }
  if (rule.needsKey && settings.certificate) {
    problems.push(invalid(field, `Push type ${pushType} needs a signing key, not a certificate`));
  }
  if (topicOf(pushType, settings) == null) {
    problems.push(invalid(field, `Push type ${pushType} needs the setting topics.${pushType}`));
  }
  if (over.priority != null && !rule.priorities.includes(over.priority)) {
    const allowed = rule.priorities.join(', ');
    problems.push(
      invalid(`${OVERRIDES}.priority`, `Push type ${pushType} allows priority ${allowed} only`),
    );
  }
  return problems;
};

/** Fields that belong to one push type: given with another one, or missing with theirs. */
const pairingProblems = (message: Message, pushType: PushType): Problem[] => {
  const over = overridesOf(message);
  const pairs = [
    ['liveActivity', 'liveactivity'],
    ['mdm', 'mdm'],
  ] as const;
  return pairs.flatMap(([name, owner]) =>
    (over[name] != null) === (pushType === owner)
      ? []
      : [invalid(`${OVERRIDES}.${name}`, `Push type ${owner} and \`${name}\` need each other`)],
  );
};

const silentProblems = (message: Message): Problem[] =>
  message.silent
    ? VISIBLE_OVERRIDES.filter((name) => overridesOf(message)[name] != null).map((name) =>
        invalid(`${OVERRIDES}.${name}`, 'Nothing is shown of a silent message'),
      )
    : [];

const collapseProblems = ({ collapseKey }: Message): Problem[] =>
  collapseKey != null && collapseIdSchema.validate(collapseKey).error
    ? [
        invalid(
          'message.collapseKey',
          `At most ${MAX_COLLAPSE_ID_BYTES} bytes of printable ASCII are allowed`,
        ),
      ]
    : [];

const dataProblems = ({ data }: Message): Problem[] =>
  data && Object.hasOwn(data, 'aps')
    ? [invalid('message.data.aps', 'The key `aps` is reserved by Apple')]
    : [];

const isEmpty = (body: Buffer): boolean => body.toString() === '{"aps":{}}';

export const payloadBytes = (message: Message, settings: ApnsSettings): number =>
  compose(message, settings, 0).body.length;

const payloadProblems = (message: Message, pushType: PushType, settings: ApnsSettings) => {
  const { body } = compose(message, settings, 0);
  const allowed = pushType === 'voip' ? VOIP_PAYLOAD_BYTES : PAYLOAD_BYTES;
  if (body.length > allowed) {
    const detail = `Payload is ${body.length} bytes, APNs allows ${allowed}`;
    return [{ code: 'PAYLOAD_TOO_LARGE', field: largestField(message), detail } as const];
  }
  return pushType === 'alert' && isEmpty(body)
    ? [invalid('message.title', 'A title, a body, a badge or a sound is required')]
    : [];
};

export const check = (message: Message, settings: ApnsSettings): Problem[] => {
  const pushType = pushTypeOf(message);
  const rule = ruleOf(pushType);
  return [
    ...dataProblems(message),
    ...collapseProblems(message),
    ...pushTypeProblems(message, pushType, rule, settings),
    ...pairingProblems(message, pushType),
    ...silentProblems(message),
    ...payloadProblems(message, pushType, settings),
  ];
};
