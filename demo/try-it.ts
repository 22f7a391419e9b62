/** What to do next, as lines that work when they are pasted. Pure. */

export interface TryIt {
  readonly url: string;
  readonly key: string;
  /** Of a finished task. */
  readonly task: string;
}

/** Keys and ids hold no character that a shell would touch. */
export const tryItText = ({ url, key, task }: TryIt): string => {
  const auth = `-H 'Authorization: Bearer ${key}'`;
  return [
    `The gateway stays up until Ctrl-C.`,
    '',
    `  URL  ${url}`,
    `  key  ${key}`,
    '',
    'Send a push to all devices of an account:',
    '',
    `curl -s ${url}/v1/tasks ${auth} -H 'Content-Type: application/json' -d '{"audience":{"accounts":["customer-100002"]},"message":{"title":"Hello","body":"Sent by hand"}}'; echo`,
    '',
    'The report of the task to everybody:',
    '',
    `curl -s ${url}/v1/tasks/${task} ${auth}; echo`,
    '',
    'Its failed devices, one a line:',
    '',
    `curl -s '${url}/v1/tasks/${task}/deliveries?state=failed&format=csv' ${auth}`,
    '',
  ].join('\n');
};
