/** Messages with the requests they become, or what is wrong with them. */
import type { MessageSample } from '../vendor-samples.js';
import { TOKEN } from './example.js';

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
    name: 'one more on the icon',
    message: { badgeAdded: 1 },
    request: {
      path,
      body: {
        payload: { notification: { ...notification, badge: { addNum: 1 } } },
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
