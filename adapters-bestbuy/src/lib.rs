//! The marketplace port of Ackord over HTTP, for Best Buy Canada's marketplace, which runs on Mirakl.
