-- What the consistency engine asks for itself (src/rule); the rules are in sql/rules.

-- name: rule_read_columns :many
-- column table_name text
-- column column_name text
-- column data_type text
-- column column_type text
-- column character_set text null
-- column collation text null
-- column is_key bool
-- column is_nullable bool
-- column is_generated bool
-- scan: the server's own catalogue, read once a process
-- The columns of every base table, by table: what a rule may change.
SELECT CONVERT(c.TABLE_NAME USING utf8mb4) AS table_name, CONVERT(c.COLUMN_NAME USING utf8mb4) AS column_name,
       LOWER(CONVERT(c.DATA_TYPE USING utf8mb4)) AS data_type,
       CONVERT(c.COLUMN_TYPE USING utf8mb4) AS column_type,
       CONVERT(c.CHARACTER_SET_NAME USING utf8mb4) AS character_set,
       CONVERT(c.COLLATION_NAME USING utf8mb4) AS collation,
       c.COLUMN_KEY = 'PRI' AS is_key, c.IS_NULLABLE = 'YES' AS is_nullable,
       COALESCE(c.GENERATION_EXPRESSION, '') <> '' AS is_generated
  FROM information_schema.COLUMNS AS c
  JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
 WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE'
 ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION;
