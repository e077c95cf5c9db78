//! Log records of every shape to one event; rules; correlation with drills and activations.
