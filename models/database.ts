/** The driver's database behind a Mongoose connection. */
import type { Connection, mongo } from 'mongoose';

export const dbOf = ({ db }: Connection): mongo.Db => {
  if (db == null) throw new Error('The connection to MongoDB is not open');
  return db;
};
