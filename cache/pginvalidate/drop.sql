
DECLARE
  gone pg_catalog.regprocedure;
BEGIN
  FOR gone IN
    SELECT p.oid FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = '{{.Schema}}' AND pg_catalog.starts_with(p.proname, '{{.Prefix}}')
      AND p.proname <> ALL (pg_catalog.string_to_array('{{.Keep}}', ','))
  LOOP
    EXECUTE pg_catalog.format('DROP FUNCTION %s CASCADE', gone);
  END LOOP;
END
