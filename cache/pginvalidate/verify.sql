WITH RECURSIVE family AS (
  SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid
  UNION
  SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i JOIN family ON i.inhparent = family.oid
), function AS (
  SELECT p.oid, p.prosrc, p.proconfig
  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
  WHERE n.nspname = $2 AND p.proname = $3 AND p.pronargs = 0
), wanted (event, type, old_rows, new_rows) AS ( -- type: bits of pg_trigger.h, AFTER … FOR EACH STATEMENT
  VALUES ('insert', 4, NULL, 'new_rows'), ('update', 16, 'old_rows', 'new_rows'),
    ('delete', 8, 'old_rows', NULL), ('truncate', 32, NULL, NULL)
), missing AS (
  SELECT pg_catalog.format('%s: the trigger %s%s is %s', c.oid::pg_catalog.regclass, $5::pg_catalog.text, w.event,
    CASE
      WHEN t.oid IS NULL THEN 'missing'
      WHEN t.tgenabled NOT IN ('O', 'A') THEN 'disabled'
      ELSE 'not the one of this rule'
    END) AS problem
  FROM family JOIN pg_catalog.pg_class AS c ON c.oid = family.oid AND c.relkind <> 'f'
  CROSS JOIN wanted AS w
  LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = $5::pg_catalog.text || w.event
  WHERE t.oid IS NULL OR t.tgenabled NOT IN ('O', 'A') OR t.tgqual IS NOT NULL OR t.tgtype <> w.type
    OR NOT EXISTS (SELECT FROM function WHERE function.oid = t.tgfoid)
    OR t.tgoldtable IS DISTINCT FROM w.old_rows OR t.tgnewtable IS DISTINCT FROM w.new_rows
  ORDER BY c.oid, w.type
)
SELECT $1::pg_catalog.text || ': there is no such table' FROM family WHERE family.oid IS NULL
UNION ALL
SELECT $1::pg_catalog.text || ': its function is of another version of the rules' FROM function
WHERE prosrc <> $4::pg_catalog.text OR NOT coalesce(proconfig, '{}') @> ARRAY['search_path=""']
UNION ALL
SELECT problem FROM missing
