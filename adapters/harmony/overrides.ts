/** What `message.overrides.harmony` takes: what only Huawei has. */
import Joi from 'joi';
import { PUSH_TYPE_NAMES, type PushType } from './push-types.js';
import { type ClickAction, clickActionSchema } from './settings.js';

export interface FormRefresh {
  readonly formId: number;
  readonly version: number;
  readonly moduleName: string;
  readonly formName: string;
  readonly abilityName: string;
  readonly formData: Readonly<Record<string, unknown>>;
  readonly images?: readonly Readonly<Record<string, unknown>>[];
}

export interface LiveView {
  readonly activityId: number;
  /** 0 creates, 1 updates, 2 ends. */
  readonly operation: 0 | 1 | 2;
  readonly event: string;
  readonly status: string;
  readonly version?: number;
  readonly activityData?: Readonly<Record<string, unknown>>;
}

export interface HarmonyOverrides {
  readonly pushType?: PushType;
  readonly clickAction?: ClickAction;
  readonly badge?: { readonly setNum?: number; readonly addNum?: number };
  /** 0 normal, 3 several lines (`inboxContent`). */
  readonly style?: 0 | 3;
  readonly inboxContent?: readonly string[];
  readonly sound?: string;
  readonly soundDuration?: number;
  readonly notifyId?: number;
  readonly appMessageId?: string;
  readonly profileId?: string;
  readonly foregroundShow?: boolean;
  /** -1 keeps all; of each group 0 to 100 the newest is kept. */
  readonly collapseKey?: number;
  readonly testMessage?: boolean;
  readonly receiptId?: string;
  readonly backgroundMode?: 0 | 1;
  readonly proxyData?: 'ENABLE';
  /** Handed to the app instead of `message.data`. */
  readonly extraData?: string;
  readonly form?: FormRefresh;
  readonly liveView?: LiveView;
}

/** Fields that mean something for some push types only. */
export const ONLY_FOR: Readonly<Partial<Record<keyof HarmonyOverrides, readonly PushType[]>>> = {
  collapseKey: ['alert', 'voiceBroadcast'],
  backgroundMode: ['background'],
  proxyData: ['background'],
  extraData: ['voiceBroadcast', 'background', 'call'],
  form: ['form'],
  liveView: ['liveView'],
  ...Object.fromEntries(
    (
      [
        'clickAction',
        'badge',
        'style',
        'inboxContent',
        'sound',
        'soundDuration',
        'notifyId',
        'appMessageId',
        'profileId',
        'foregroundShow',
      ] as const
    ).map((name) => [name, ['alert', 'voiceBroadcast'] as const]),
  ),
};

const MAX_INT = 2 ** 31 - 1;
const anObject = () => Joi.object().unknown(true);
const integer = (min = 0, max = MAX_INT) => Joi.number().integer().min(min).max(max);

const form = Joi.object<FormRefresh>({
  // Ids of cards are 64-bit numbers; those that JavaScript cannot hold exactly are refused.
  formId: Joi.number().integer().min(0).required(),
  version: integer().required(),
  moduleName: Joi.string().max(255).required(),
  formName: Joi.string().max(255).required(),
  abilityName: Joi.string().max(255).required(),
  formData: anObject().required(),
  images: Joi.array().items(anObject()).max(1),
});

const liveView = Joi.object<LiveView>({
  activityId: integer().required(),
  operation: integer(0, 2).required(),
  event: Joi.string().max(64).required(),
  status: Joi.string().max(64).required(),
  version: integer(),
  activityData: anObject(),
});

// https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-scenariozed-api-request-param
export const overrides = Joi.object<HarmonyOverrides>({
  pushType: Joi.string().valid(...PUSH_TYPE_NAMES),
  clickAction: clickActionSchema,
  badge: Joi.object({ setNum: integer(0, 99), addNum: integer(1, 99) }).or('setNum', 'addNum'),
  style: Joi.number().valid(0, 3),
  inboxContent: Joi.array().items(Joi.string().max(1024)).min(1).max(3),
  sound: Joi.string().max(255),
  soundDuration: integer(1, 60),
  notifyId: integer(),
  appMessageId: Joi.string().pattern(/^[A-Za-z0-9+/=_\- ]{1,64}$/),
  profileId: Joi.string().max(64),
  foregroundShow: Joi.boolean(),
  collapseKey: integer(-1, 100),
  testMessage: Joi.boolean(),
  receiptId: Joi.string().max(200),
  backgroundMode: Joi.number().valid(0, 1),
  proxyData: Joi.string().valid('ENABLE'),
  extraData: Joi.string(),
  form,
  liveView,
}).unknown(false);
