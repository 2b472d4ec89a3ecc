-- Where a session is, or nothing: session.
return read_place(ARGV[1]) or {}
