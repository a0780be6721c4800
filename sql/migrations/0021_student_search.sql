-- Students are found by how their name begins, page by page, however many there are.
ALTER TABLE users ADD KEY users_students_named (role, is_anonymous, display_name);
