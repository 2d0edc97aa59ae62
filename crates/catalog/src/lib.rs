//! Apps as data: the file format, its validation, and intent search.
