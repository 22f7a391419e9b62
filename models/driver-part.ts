/** What the driver of Mongoose does not show: for the few places where its public ways do not lead far enough. */
import { createRequire } from 'node:module';

/** Undefined where Mongoose comes with another driver that has no such file. `path` is within the driver's package. */
export const ofDriver = <Part extends object>(path: string): Part | undefined => {
  try {
    const ofMongoose = createRequire(createRequire(import.meta.url).resolve('mongoose'));
    return ofMongoose(`mongodb/${path}`) as Part;
  } catch {
    return undefined;
  }
};
