/** What seats and the server tell each other of people: codes, cards, former PINs, wrong and right PINs. Never edited once released. */
import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, { bigint, blob }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('sign_in_codes')
    .addColumn('code_hmac', 'text', (c) => c.primaryKey())
    .addColumn('person_id', 'text', (c) => c.notNull().references('persons.id'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('issued_at', bigint, (c) => c.notNull())
    .addColumn('valid_until', bigint, (c) => c.notNull())
    .execute();
  await db.schema.createIndex('sign_in_codes_by_person').on('sign_in_codes').columns(['person_id']).execute();
  await db.schema
    .createTable('card_uses')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('card_hmac', 'text', (c) => c.notNull())
    .addColumn('person_id', 'text', (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('card_uses_pk', ['workstation_id', 'card_hmac'])
    .execute();
  await db.schema.createIndex('card_uses_by_card').on('card_uses').columns(['card_hmac']).execute();
  await db.schema
    .createTable('former_pins')
    .addColumn('person_id', 'text', (c) => c.notNull().references('persons.id'))
    .addColumn('number', 'integer', (c) => c.notNull())
    .addColumn('pin_box', blob, (c) => c.notNull())
    .addPrimaryKeyConstraint('former_pins_pk', ['person_id', 'number'])
    .execute();
  await db.schema
    .createTable('seat_guesses')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('person_id', 'text', (c) => c.notNull())
    .addColumn('pin_salt', 'text', (c) => c.notNull())
    .addColumn('failures', 'integer', (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('seat_guesses_pk', ['workstation_id', 'person_id'])
    .execute();
  await db.schema.createIndex('seat_guesses_by_person').on('seat_guesses').columns(['person_id']).execute();
  await db.schema
    .createTable('right_pins')
    .addColumn('person_id', 'text', (c) => c.primaryKey())
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('pin_salt', 'text', (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('seat_news')
    .addColumn('workstation_id', 'text', (c) => c.primaryKey())
    .addColumn('taken', bigint, (c) => c.notNull())
    .execute();
}
