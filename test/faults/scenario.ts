/** What does not fit into a line of the table: a name, and how it is played. */
import { type Row } from './row.js';
import { type RowMongod, type Stage, setStage, type Theatre } from './stage.js';

export interface Scenario<Parts = undefined> {
  readonly name: string;
  play(parts: Parts): Promise<void>;
}

/** Plays `work` on a stage of its own, whose output is told when it fails. */
export const onStage = async <Mongod extends RowMongod>(
  row: Row,
  theatre: Theatre<Mongod>,
  work: (stage: Stage<Mongod>) => Promise<void>,
): Promise<void> => {
  const stage = await setStage(row, theatre);
  try {
    await work(stage);
    await stage.requireAlive();
  } catch (error) {
    if (error instanceof Error) error.message += `\n${stage.output()}`;
    // What broke may be in the way of cleaning up, too, and is what the reader wants to know.
    await stage.close().catch(() => undefined);
    throw error;
  }
  await stage.close();
};
