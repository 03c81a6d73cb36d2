//! WhatsApp: numbers of publishers, what comes in by them, and what goes out.

crate::sql_migration!("m0051_whatsapp", protect: ["whatsapp_conversations"]);

const UP: &str = concat!(
    include_str!("sql/whatsapp_tables.sql"),
    include_str!("sql/whatsapp_numbers.sql"),
    include_str!("sql/whatsapp_inbox.sql"),
    include_str!("sql/whatsapp_outbox.sql"),
);

const DOWN: &str = "
DROP FUNCTION whatsapp_sweep(integer, integer);
DROP FUNCTION whatsapp_statuses(text[], text[], text[], text[], text[]);
DROP FUNCTION whatsapp_outbox_failed(text, text, text);
DROP FUNCTION whatsapp_outbox_later(text, text, text, integer, text, boolean, boolean);
DROP FUNCTION whatsapp_outbox_sent(text, text, text);
DROP FUNCTION whatsapp_outbox_fold(text, text, text[], text[]);
DROP FUNCTION whatsapp_outbox_claim(text[], text, integer, integer, integer, integer);
DROP FUNCTION whatsapp_inbox_await(text, bigint, text, text, text, text, text);
DROP FUNCTION whatsapp_inbox_answer(text, bigint, text, text[], text[]);
DROP FUNCTION whatsapp_inbox_close(text, bigint, text);
DROP FUNCTION whatsapp_inbox_postpone(text, bigint, integer);
DROP FUNCTION whatsapp_inbox_claim(text, integer, integer);
DROP FUNCTION whatsapp_receive(text[], text[], text[], text[], text[], text[], timestamptz[]);
DROP FUNCTION whatsapp_number_secrets();
DROP FUNCTION whatsapp_number_remove(text);
DROP FUNCTION whatsapp_number_rotate(text, text, text, text);
DROP FUNCTION whatsapp_number_register(text, text, text, text, text, text, text, text, text, integer);
DROP TABLE whatsapp_conversations;
DROP TABLE whatsapp_outbox;
DROP TABLE whatsapp_inbox;
DROP TABLE whatsapp_numbers;
";
