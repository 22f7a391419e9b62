/** Listens to what a connection asks of its database; the connection must have been opened with `monitorCommands`. */
import type { Connection, mongo } from 'mongoose';

export interface Commands {
  /** The commands of this name so far, in their order. */
  named(name: string): Record<string, unknown>[];
  stop(): void;
}

export const commandsOf = (connection: Connection): Commands => {
  const client = connection.getClient();
  const heard: mongo.CommandStartedEvent[] = [];
  const listen = (event: mongo.CommandStartedEvent): void => void heard.push(event);
  client.on('commandStarted', listen);
  return {
    named: (name) =>
      heard
        .filter(({ commandName }) => commandName === name)
        .map(({ command }) => command as Record<string, unknown>),
    stop: () => void client.off('commandStarted', listen),
  };
};
