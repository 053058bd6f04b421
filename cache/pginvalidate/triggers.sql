
DECLARE
  target pg_catalog.regclass;
  prefix CONSTANT pg_catalog.text := '{{.Prefix}}';
BEGIN
  PERFORM {{.Columns}} FROM {{.From}} LIMIT 0; -- fails here if a column is not there, not at the first write
  FOR target IN
    WITH RECURSIVE family AS (
      SELECT {{.Table}}::pg_catalog.regclass::pg_catalog.oid AS oid
      UNION
      SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i JOIN family ON i.inhparent = family.oid
    )
    SELECT family.oid FROM family JOIN pg_catalog.pg_class AS c ON c.oid = family.oid
    WHERE c.relkind <> 'f' ORDER BY family.oid
  LOOP
    EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS %I ON %s', prefix || 'insert', target);
    EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS %I ON %s', prefix || 'update', target);
    EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS %I ON %s', prefix || 'delete', target);
    EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS %I ON %s', prefix || 'truncate', target);
    EXECUTE pg_catalog.format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows'
      ' FOR EACH STATEMENT EXECUTE FUNCTION {{.Function}}()', prefix || 'insert', target);
    EXECUTE pg_catalog.format('CREATE TRIGGER %I AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
      ' FOR EACH STATEMENT EXECUTE FUNCTION {{.Function}}()', prefix || 'update', target);
    EXECUTE pg_catalog.format('CREATE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows'
      ' FOR EACH STATEMENT EXECUTE FUNCTION {{.Function}}()', prefix || 'delete', target);
    EXECUTE pg_catalog.format('CREATE TRIGGER %I AFTER TRUNCATE ON %s'
      ' FOR EACH STATEMENT EXECUTE FUNCTION {{.Function}}()', prefix || 'truncate', target);
  END LOOP;
END
